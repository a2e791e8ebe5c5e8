// No secret of a URL reaches a back end in an error, and the caller's error stays as it is.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { initTracing, MemoryReporter, Tracer } from "node-opentracing";
import { redactedError } from "#src/http/redacted-error.js";
import { DEFAULT_REDACTED, redactedText, redactor } from "#src/http/redaction.js";
import { errorFacts } from "#src/report/error-facts.js";
import { onScene } from "#src/testing/_client-scene.js";
import { CLIENTS } from "../clients/contract-clients.js";

const redact = redactor(DEFAULT_REDACTED);
const client = CLIENTS.find(({ name }) => name === "fetch")!;
const SECRET = /hunter2|s3cr3t/;

const FAILING: [name: string, call: () => unknown][] = [
  ["fetch with credentials", () => fetch("http://admin:hunter2@db.internal/x?token=s3cr3t")],
  ["fetch of a relative URL", () => fetch("/relative?token=s3cr3t")],
  ["http.get of an invalid URL", () => http.get("http://user:hunter2@[bad/?token=s3cr3t")],
  [
    "a socket's path",
    () => new Promise((_, no) => http.get({ socketPath: "/nope?token=s3cr3t", path: "/" }).on("error", no)),
  ],
];
for (const [name, call] of FAILING) {
  test(`${name}: the error that is logged tells no secret, the caller's is whole`, () =>
    onScene(client, {}, async ({ reporter }) => {
      const thrown: unknown = await (async () => call())().catch((error: unknown) => error);
      await reporter.waitFor(1);
      const { fields } = reporter.spans[0]!.logs[0]!;
      const facts = errorFacts(fields);
      assert.doesNotMatch(JSON.stringify([facts, reporter.spans[0]!.tags]), SECRET);
      assert.match(`${facts.message}${facts.stack}`, /REDACTED|Invalid URL/);
      const logged = fields["error.object"] as Error;
      assert.equal(Object.getPrototypeOf(logged), Object.getPrototypeOf(thrown));
      assert.equal(logged.name, (thrown as Error).name);
      assert.match(String((thrown as Error).stack) + String((thrown as { input?: string }).input), SECRET);
    }));
}

test("an AggregateError's errors lose their secrets, and the caller's stay", () => {
  const plain = new AggregateError([new Error("no"), new Error("see http://a/?page=1")], "all");
  assert.equal(redactedError(plain, redact), plain);
  const error = new AggregateError([new Error("no"), new Error("see http://a/?token=s3cr3t")], "all");
  const logged = redactedError(error, redact) as AggregateError;
  assert.doesNotMatch(errorFacts({ "error.object": logged }).stack, SECRET);
  assert.deepEqual(
    logged.errors.map(({ message }) => message),
    ["no", "see http://a/?token=REDACTED"],
  );
  assert.match(String(error.errors[1]), SECRET);
});

test("errors of errors of errors take no time", () => {
  const error = new AggregateError([], "see http://a/?token=s3cr3t");
  error.errors = Array.from({ length: 1000 }, () => error);
  const started = performance.now();
  const logged = redactedError(error, redact);
  assert.ok(performance.now() - started < 1_000);
  assert.doesNotMatch(inspect(logged, { depth: 9 }), SECRET);
});

test("an error that tells no secret is logged itself", () =>
  onScene(client, {}, async ({ reporter }) => {
    const thrown: unknown = await fetch("/relative?page=1").catch((error: unknown) => error);
    assert.equal(reporter.spans[0]!.logs[0]!.fields["error.object"], thrown);
  }));

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

test("of a URL that is none, what the error keeps of it is left out, however deep the error lies", () => {
  const url = "http://user:hunter2 @[bad/?token=s3cr3t";
  for (const invalid of [thrownBy(() => new URL(url)), thrownBy(() => new URL("/x", url))]) {
    const wrapped = new Error("no config", { cause: new Error("no URL", { cause: invalid }) });
    for (const error of [invalid, wrapped]) {
      const logged = redactedError(error, redact) as Error;
      assert.doesNotMatch(inspect(logged, { depth: 9, showHidden: true }), SECRET);
      assert.deepEqual([logged.name, logged.message, logged.stack], [error.name, error.message, error.stack]);
    }
    assert.match(inspect(wrapped), SECRET);
  }
  const harmless = thrownBy(() => new URL("http://[bad/?page=1"));
  assert.equal(redactedError(harmless, redact), harmless);
});

const SERVERS: [protocol: string, serve: () => Server, get: (port: number) => Promise<unknown>][] = [
  [
    "HTTP/1.1",
    () => http.createServer((_request, response) => failIn(response)),
    (port) => closed(http.get({ host: "127.0.0.1", port })),
  ],
  [
    "HTTP/2",
    () => http2.createServer((_request, response) => failIn(response.stream)),
    async (port) => {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      await closed(session.request());
      session.destroy();
    },
  ],
];

function closed(stream: NodeJS.EventEmitter): Promise<unknown> {
  return new Promise((resolve) => stream.on("error", () => {}).on("close", resolve));
}

function failIn(stream: { destroy(error: Error): unknown }): void {
  const cause = new Error("connect https://admin:hunter2@db.internal/?token=s3cr3t");
  stream.destroy(new Error("no answer of https://db.internal/?token=s3cr3t", { cause }));
}

for (const [protocol, serve, get] of SERVERS) {
  test(`${protocol}: the error that a response is destroyed with tells no secret`, async (t: TestContext) => {
    const reporter = new MemoryReporter();
    const tracing = initTracing({ tracer: new Tracer({ reporter }), traceClient: false });
    t.after(() => tracing.close());
    const server = serve().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    await get((server.address() as AddressInfo).port);
    await reporter.waitFor(1);
    const { fields } = reporter.spans[0]!.logs[0]!;
    assert.equal(fields["error.kind"], "response_cut");
    const told = inspect(fields["error.object"]);
    assert.match(told, /no answer of https:\/\/db\.internal\/\?token=REDACTED/);
    assert.doesNotMatch(told, SECRET);
  });
}

test("mail addresses and paths stay in texts", () => {
  for (const text of [
    "ask joe@example.com",
    "issue #12: a #tag",
    "at f (/app/undici@7.0.0/x.js:1:2)",
    "why?",
    "plain",
  ]) {
    assert.equal(redactedText(text, redact), text);
  }
  assert.equal(redactedText("to u:p@h:1 failed", redact), "to REDACTED:REDACTED@h:1 failed");
  assert.equal(redactedText("see /callback#token=s3cr3t", redact), "see /callback#token=REDACTED");
});

test("redaction of a text takes time in proportion to its length", () => {
  for (const piece of ["//", "?", ":@", "a?b ", "//@ "]) {
    const started = performance.now();
    redactedText(piece.repeat(200_000), redact);
    assert.ok(performance.now() - started < 10_000, piece);
  }
});
