// What every traced HTTP client must do: cases to run with any test runner.

import assert from "node:assert/strict";
import { MockTracer, type Span } from "opentracing";
import { diagnostics } from "../diagnostics.ts";
import type { OutgoingRequest } from "../http/client-handler.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { FinishedSpan } from "../report/reporter.ts";
import { HTTP_METHOD, HTTP_RESEND_COUNT, HTTP_URL, tagOf } from "../tags.ts";
import { onScene, type Scene } from "./_client-scene.ts";
import { type ContractCase, type ContractSkip, withSkips } from "./contract-case.ts";
import { spanTree } from "./span-tree.ts";

/** A client under test. */
export interface ContractClient {
  readonly name: string;
  /** Its `component` tag. */
  readonly component: string;
  /** Traces the client; the answer takes that back. */
  trace(tracing: HttpTracing): () => void;
  /** Makes a request. Resolves when the response's headers are here, and rejects where there is none. */
  request(url: string, options: ContractRequest): Promise<ContractResponse>;
  /** Ends the spans of responses that nobody reads. */
  finishPending(): void;
  /** Whether it follows redirects by itself. */
  readonly followsRedirects: boolean;
  /** Key and certificate for the server, where the client is to use https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What the server speaks. HTTP/1.1 by default. */
  readonly protocol?: "http/1.1" | "h2";
  /** Cases it cannot pass, by name, and why. */
  readonly skip?: readonly ContractSkip[];
}

export interface ContractRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface ContractResponse {
  readonly status: number;
  /** Reads the body to its end. Rejects where it is cut. */
  text(): Promise<string>;
}

type Play = (scene: Scene, client: ContractClient) => Promise<void>;

/**
 * The cases for one client. Each starts its own server on 127.0.0.1 and closes it. A case that the client skips is still
 * listed, with the reason in `skip`.
 *
 * @throws Error where `skip` names no case
 */
export function clientContract(client: ContractClient): ContractCase[] {
  return withSkips(
    CASES.map(([name, run]) => ({ name, run: () => run(client) })),
    client.skip,
  );
}

const CASES: readonly [name: string, run: (client: ContractClient) => Promise<void>][] = [
  ["client request 1: method, URL, kind and component are tags, then the status", plain(tagsAtStart)],
  ["client request 2: the context is sent, and the server's span is a child", plain(joins)],
  ["client request 3: method, headers and body keep their meaning", plain(keepsMeaning)],
  ["client request 4: redirect steps start no second span", plain(redirects)],
  ["client request 5: a failure without a response is an error", plain(noResponse)],
  ["client request 5: a refused connection is an error", plain(refused)],
  ["client request 5: a 5xx is an error", plain(async (s, c) => statusIs(s, c, 503, "\nGET  client 503 error"))],
  ["client request 5: a 4xx sets the status alone", plain(async (s, c) => statusIs(s, c, 404, "\nGET  client 404"))],
  ["client request 6: startSpanCb gets span and request", startSpanCb],
  ["client request 6: what startSpanCb throws goes no further", throwingCallback],
  ["client request 6: with traceClient false there is no client span", notTraced({ traceClient: false })],
  ["client request 7: concurrent requests keep their parents", plain(concurrent)],
  ["the caller's active span stays active", plain(activeSpan)],
  ["a request that the filter leaves alone has no span and no headers", notTraced({ filter: () => false })],
  ["propagateTo keeps headers back, the span remains", keptBack],
  ["a tracer that throws in inject does no harm", throwingInject],
  ["headers that no request may have are left out", badHeaders],
  ["a tracer that throws in startSpan does no harm", throwingStart],
  ["secrets in the URL are redacted", plain(redacted)],
  ["the caller's objects are not changed", plain(unchanged)],
  ["an abort before the response is an error", plain(abortedBefore)],
  ["an abort after the headers is an error", plain(abortedAfter)],
  ["a response cut half-way is a reset connection", plain(cutHalfway)],
  ["a response that nobody reads ends with its headers, and is counted", plain(unread)],
];

function plain(play: Play): (client: ContractClient) => Promise<void> {
  return (client) => onScene(client, {}, (scene) => play(scene, client));
}

async function tagsAtStart(scene: Scene, client: ContractClient): Promise<void> {
  await read(client, `${scene.origin}/status/201?a=1`, { method: "POST", body: "x" });
  const span = await clientSpan(scene);
  assert.equal(spanTree([span]), "\nPOST  client 201");
  assert.equal(tagOf(span.tags, "component"), client.component);
  assert.equal(tagOf(span.tags, HTTP_METHOD), "POST");
  assert.equal(tagOf(span.tags, HTTP_URL), `${scene.origin}/status/201?a=1`);
}

async function joins(scene: Scene, client: ContractClient): Promise<void> {
  await scene.inSpan("work", () => read(client, `${scene.origin}/status/200`));
  await scene.reporter.waitFor(3);
  assert.equal(spanTree(scene.reporter.spans), "\nwork\n  GET  client 200\n    /status/200  server");
}

async function keepsMeaning(scene: Scene, client: ContractClient): Promise<void> {
  const headers = { "x-own": "1", accept: "text/plain" };
  assert.equal(await read(client, `${scene.origin}/status/200`, { method: "PUT", headers, body: "five!" }), "answer");
  const { "x-own": own, accept, "content-length": length, "transfer-encoding": encoding } = scene.received[0]!;
  const framing = length === undefined && client.protocol !== "h2" ? "chunked" : length && "5";
  assert.deepEqual([own, accept, length ?? encoding], ["1", "text/plain", framing]);
}

async function redirects(scene: Scene, client: ContractClient): Promise<void> {
  await scene.inSpan("work", () => read(client, `${scene.origin}/redirect/2`));
  if (!client.followsRedirects) {
    await scene.reporter.waitFor(3);
    assert.equal(spanTree(scene.reporter.spans), "\nwork\n  GET  client 302\n    /redirect/2  server");
    return;
  }
  await scene.reporter.waitFor(5);
  const { origin } = scene;
  assert.equal(
    spanTree(scene.reporter.spans, { tags: [HTTP_RESEND_COUNT], logs: true }),
    `
work
  GET  client 200 http.resend_count=2
  - redirect http.url=${origin}/redirect/1 http.resend_count=1 http.status_code=302
  - redirect http.url=${origin}/status/200?token=REDACTED http.resend_count=2 http.status_code=302
    /redirect/2  server
    /redirect/1  server
    /status/200  server`.replaceAll("\n  -", "\n    -"),
  );
  assert.equal(tagOf((await clientSpan(scene)).tags, HTTP_URL), `${origin}/redirect/2`);
}

async function noResponse(scene: Scene, client: ContractClient): Promise<void> {
  await assert.rejects(read(client, `${scene.origin}/reset`));
  assert.match(spanTree([await clientSpan(scene)]), /^\nGET {2}client error=\w+$/);
}

async function refused(scene: Scene, client: ContractClient): Promise<void> {
  let url = "";
  await onScene({ ...client, trace: () => () => {} }, {}, async ({ origin }) => {
    url = `${origin}/`;
  });
  await assert.rejects(read(client, url));
  const span = await clientSpan(scene);
  assert.match(spanTree([span]), /^\nGET {2}client error=\w+$/);
  const error = span.logs[0]!.fields["error.object"] as Error & { code?: string; cause?: { code?: string } };
  assert.equal(error.code ?? error.cause?.code, "ECONNREFUSED");
}

async function statusIs(scene: Scene, client: ContractClient, status: number, tree: string): Promise<void> {
  await read(client, `${scene.origin}/status/${status}`);
  assert.equal(spanTree([await clientSpan(scene)]), tree);
}

function startSpanCb(client: ContractClient): Promise<void> {
  const seen: OutgoingRequest[] = [];
  const callback = (span: Span, request: OutgoingRequest) => {
    seen.push(request);
    span.setOperationName("renamed").setTag("http.method", "overwritten");
  };
  return onScene(client, { startSpanCb: callback }, async (scene) => {
    await read(client, `${scene.origin}/status/200`);
    const span = await clientSpan(scene);
    assert.equal(spanTree([span], { tags: [HTTP_METHOD] }), "\nrenamed  client 200 http.method=overwritten");
    assert.deepEqual(
      seen.map(({ component, method, url }) => [component, method, url]),
      [[client.component, "GET", `${scene.origin}/status/200`]],
    );
  });
}

async function throwingCallback(client: ContractClient): Promise<void> {
  const callbacks = [
    () => {
      throw new Error("startSpanCb failed");
    },
    () => Promise.reject(new Error("startSpanCb failed")),
  ];
  for (const startSpanCb of callbacks) {
    const before = diagnostics()["callback.error"] ?? 0;
    await onScene(client, { startSpanCb }, async (scene) => {
      assert.equal(await read(client, `${scene.origin}/status/200`), "answer");
      assert.equal(spanTree([await clientSpan(scene)]), "\nGET  client 200");
    });
    assert.equal(diagnostics()["callback.error"], before + 1);
  }
}

function notTraced(options: { traceClient?: boolean; filter?: () => boolean }) {
  return (client: ContractClient): Promise<void> =>
    onScene(client, options, async (scene) => {
      const path = client.followsRedirects ? "/redirect/1" : "/status/200";
      await scene.inSpan("work", () => read(client, scene.origin + path));
      assert.equal(scene.reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client").length, 0);
      for (const headers of scene.received) assert.equal(headers["traceparent"], undefined);
    });
}

function keptBack(client: ContractClient): Promise<void> {
  const propagateTo = (url: string) => url.endsWith("/redirect/1");
  return onScene(client, { propagateTo }, async (scene) => {
    await read(client, `${scene.origin}/redirect/2`);
    await read(client, `${scene.origin}/status/200`);
    const client2 = scene.reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client");
    assert.equal(client2.length, 2);
    const sent = scene.received.map((headers) => headers["traceparent"] !== undefined);
    assert.deepEqual(sent, client.followsRedirects ? [false, true, false, false] : [false, false]);
  });
}

async function throwingInject(client: ContractClient): Promise<void> {
  const tracer = new MockTracer(); // its inject and extract throw
  const play = async (scene: Scene) => assert.equal(await read(client, `${scene.origin}/status/200`), "answer");
  await onScene(client, {}, play, tracer);
  assert.equal(tracer.report().spans.length, 1);
}

async function badHeaders(client: ContractClient): Promise<void> {
  const tracer = new MockTracer();
  tracer.inject = (_context, _format, carrier) => {
    Object.assign(carrier, { "X-Trace": 1, "x bad": "name", "x-bad": "line\nbreak", "x-wide": "\u20ac" });
  };
  const before = diagnostics()["propagation.invalid"] ?? 0;
  const play = async (scene: Scene) => {
    assert.equal(await read(client, `${scene.origin}/status/200`), "answer");
    const { "x-trace": trace, "x-bad": bad, "x-wide": wide } = scene.received[0]!;
    assert.deepEqual([trace, bad, wide], ["1", undefined, undefined]);
  };
  await onScene(client, {}, play, tracer);
  assert.equal(diagnostics()["propagation.invalid"], before + 3);
}

async function throwingStart(client: ContractClient): Promise<void> {
  const tracer = new MockTracer();
  tracer.startSpan = () => {
    throw new Error("startSpan failed");
  };
  const before = diagnostics()["tracer.error"] ?? 0;
  const play = async (scene: Scene) => assert.equal(await read(client, `${scene.origin}/status/200`), "answer");
  await onScene(client, {}, play, tracer);
  assert.equal(diagnostics()["tracer.error"], before + 1);
}

async function concurrent(scene: Scene, client: ContractClient): Promise<void> {
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  await Promise.all(
    numbers.map((i) => scene.inSpan(`work ${i}`, () => read(client, `${scene.origin}/late/${(i * 7) % 20}?${i}`))),
  );
  await scene.reporter.waitFor(60);
  for (const i of numbers) {
    const root = scene.reporter.spans.find((span) => span.operationName === `work ${i}`)!;
    const trace = scene.reporter.spans.filter((span) => span.context.traceId0 === root.context.traceId0);
    const path = `/late/${(i * 7) % 20}`;
    assert.equal(spanTree(trace), `\nwork ${i}\n  GET  client 200\n    ${path}  server`);
    const call = trace.find((span) => tagOf(span.tags, "span.kind") === "client")!;
    assert.equal(tagOf(call.tags, HTTP_URL), `${scene.origin}${path}?${i}`);
  }
}

async function activeSpan(scene: Scene, client: ContractClient): Promise<void> {
  const { scope } = scene.tracing;
  for (const name of ["first", "on the same connection"]) {
    await scene.inSpan(name, async (span) => {
      const promise = send(client, `${scene.origin}/status/200`);
      assert.equal(scope.active(), span);
      const response = await promise;
      assert.equal(scope.active(), span);
      await response.text();
      assert.equal(scope.active(), span);
    });
  }
  assert.equal(scope.active(), undefined);
}

async function redacted(scene: Scene, client: ContractClient): Promise<void> {
  await read(client, `${scene.origin}/status/200?a=1&access_token=hidden`);
  const span = await clientSpan(scene);
  assert.equal(tagOf(span.tags, HTTP_URL), `${scene.origin}/status/200?a=1&access_token=REDACTED`);
}

async function unchanged(scene: Scene, client: ContractClient): Promise<void> {
  const headers = Object.freeze({ "x-own": "1" });
  const options = Object.freeze({ method: "GET", headers, body: undefined, signal: undefined });
  for (let i = 0; i < 2; i++) await (await client.request(`${scene.origin}/status/200`, options)).text();
  assert.equal(new Set(scene.received.map((received) => received["traceparent"])).size, 2);
  assert.deepEqual(options, { method: "GET", headers: { "x-own": "1" }, body: undefined, signal: undefined });
}

async function abortedBefore(scene: Scene, client: ContractClient): Promise<void> {
  const controller = new AbortController();
  const request = read(client, `${scene.origin}/hang`, { signal: controller.signal });
  await scene.reporter.waitFor(1); // the server's span
  controller.abort();
  await assert.rejects(request);
  assert.equal(spanTree([await clientSpan(scene)]), "\nGET  client error=AbortError");
}

async function abortedAfter(scene: Scene, client: ContractClient): Promise<void> {
  const controller = new AbortController();
  const response = await send(client, `${scene.origin}/half`, { signal: controller.signal });
  const body = response.text();
  controller.abort();
  await assert.rejects(body);
  assert.equal(spanTree([await clientSpan(scene)]), "\nGET  client 200 error=AbortError");
}

async function cutHalfway(scene: Scene, client: ContractClient): Promise<void> {
  const response = await send(client, `${scene.origin}/cut`);
  await assert.rejects(response.text());
  assert.equal(spanTree([await clientSpan(scene)]), "\nGET  client 200 error=connection_reset");
}

async function unread(scene: Scene, client: ContractClient): Promise<void> {
  const before = diagnostics()["client.unread_body"] ?? 0;
  const response = await send(client, `${scene.origin}/large`);
  assert.equal(scene.reporter.spans.length, 1);
  client.finishPending();
  assert.equal(spanTree([await clientSpan(scene)]), "\nGET  client 200");
  assert.equal(diagnostics()["client.unread_body"], before + 1);
  await response.text();
  assert.equal(scene.reporter.spans.length, 2);
}

function send(client: ContractClient, url: string, options: Partial<ContractRequest> = {}): Promise<ContractResponse> {
  return client.request(url, { method: "GET", headers: {}, body: undefined, signal: undefined, ...options });
}

async function read(client: ContractClient, url: string, options: Partial<ContractRequest> = {}): Promise<string> {
  return (await send(client, url, options)).text();
}

/** Waits for the one client span. */
async function clientSpan({ reporter }: Scene): Promise<FinishedSpan> {
  for (let count = 1; ; count++) {
    const spans = reporter.spans.filter((span) => tagOf(span.tags, "span.kind") === "client");
    assert.ok(spans.length < 2, `one request, one span, not ${spans.length}`);
    if (spans.length === 1) return spans[0]!;
    await reporter.waitFor(count);
  }
}
