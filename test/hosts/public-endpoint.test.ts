// Callers that are not to be trusted: `publicEndpoint`.

import assert from "node:assert/strict";
import http, { type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import {
  initClientTracing,
  initTracing,
  MemoryReporter,
  NEVER,
  ParentBasedSampler,
  REFERENCE_LINK,
  Tracer,
  type TracerOptions,
  Tracing,
  type TracingOptions,
  traceServer,
} from "node-opentracing";
import { type Tracer as AnyTracer, MockTracer, Reference } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { spanIdHex, traceIdHex } from "#src/trace-context.js";
import { listening, takeTree } from "./listening.js";

const CALLER =
  "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\ntracestate: evil=1\nbaggage: admin=true";

/** A server that answers what headers its own call to itself brought. */
async function serving(t: TestContext, tracer: AnyTracer, options: TracingOptions) {
  const tracing = new Tracing(tracer, options);
  const client = initClientTracing(tracing);
  t.after(() => client.close());
  const server = http.createServer(async (request, response) => {
    const inner = request.headers["x-inner"] === undefined;
    const answer = inner
      ? await (await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-inner": "1" } })).text()
      : "";
    response.end(inner ? answer : JSON.stringify(request.headers));
  });
  traceServer(server, tracing);
  t.after(() => tracing.close());
  const { ask, port } = await listening(t, server);
  return { ask };
}

async function memory(t: TestContext, options: TracingOptions, more: Partial<TracerOptions> = {}) {
  const reporter = new MemoryReporter();
  return { reporter, ...(await serving(t, new Tracer({ reporter, ...more }), options)) };
}

const fromOutside = (request: IncomingMessage): boolean => request.headers["x-inner"] === undefined;

test("publicEndpoint: a new trace with a link to the caller's, without its baggage and trace state", async (t) => {
  const { reporter, ask } = await memory(t, { publicEndpoint: fromOutside });
  const answer = await ask(`GET /\n${CALLER}`);
  await reporter.waitFor(3);
  const [inner, client, outer] = reporter.spans;
  assert.equal(
    await takeTree(reporter, 3),
    `
GET  server 200
  GET  client 200
    GET  server 200`,
  );
  assert.notEqual(traceIdHex(outer!.context), "4bf92f3577b34da6a3ce929d0e0e4736");
  assert.deepEqual(
    outer!.references.map(({ type, context }) => [type, traceIdHex(context), spanIdHex(context)]),
    [["link", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"]],
  );
  assert.deepEqual([inner!.references, client!.references], [[], []]);
  assert.match(answer, new RegExp(`"traceparent":"00-${traceIdHex(outer!.context)}-`));
  assert.doesNotMatch(answer, /baggage|tracestate/);
});

test("publicEndpoint: without it, and where the function says false, the caller's trace goes on", async (t) => {
  for (const publicEndpoint of [undefined, false, () => false]) {
    const { reporter, ask } = await memory(t, { publicEndpoint });
    assert.match(
      await ask(`GET /\n${CALLER}`),
      /"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-.*"baggage":"admin=true"/,
    );
    await reporter.waitFor(3);
    assert.deepEqual(reporter.spans[2]!.references, []);
  }
});

test("publicEndpoint: true for all, and where the function throws or answers neither true nor false", async (t) => {
  resetDiagnostics();
  const wrong = [
    () => {
      throw new Error("no");
    },
    async () => false,
    () => undefined,
    () => 0,
  ] as unknown as (() => boolean)[];
  for (const publicEndpoint of [true, ...wrong]) {
    const { ask } = await memory(t, { publicEndpoint });
    assert.doesNotMatch(await ask(`GET /\n${CALLER}`), /4bf92f3577b34da6a3ce929d0e0e4736/);
  }
  assert.equal(diagnostics()["callback.error"], 8);
});

test("publicEndpoint: the caller's sampling decision does not count, in any format", async (t) => {
  const formats = ["tracecontext", "b3", "jaeger"] as const;
  const asking = [CALLER, "b3: 1", "b3: 463ac35c9f6413ad48485a3953bb6124-0020000000000001-d", "jaeger-debug-id: me"];
  const { reporter, ask } = await memory(
    t,
    { publicEndpoint: fromOutside },
    { propagators: formats, sampler: new ParentBasedSampler(NEVER) },
  );
  for (const headers of asking) await ask(`GET /\n${headers}`);
  assert.equal(reporter.spans.length, 0);

  const all = await memory(t, { publicEndpoint: fromOutside }, { propagators: formats });
  await all.ask("GET /\nb3: 0");
  assert.match(await takeTree(all.reporter, 3), /GET {2}server 200/);
});

test("publicEndpoint: with a tracer that has no links, tags name the caller", async (t) => {
  // MockTracer reads no headers, so it is told what they said.
  const tracer = new MockTracer();
  const caller = new Tracer({ reporter: new MemoryReporter() }).startSpan("caller").context();
  tracer.extract = () => caller;
  tracer.inject = () => {};
  const { ask } = await serving(t, tracer, { publicEndpoint: true });
  await ask("GET /");
  const outer = tracer.report().spans[0] as unknown as { tags(): Record<string, unknown> };
  const named = [outer.tags()["link.trace_id"], outer.tags()["link.span_id"]];
  assert.deepEqual(named, [caller.toTraceId(), caller.toSpanId()]);
});

test("publicEndpoint: with a tracer whose contexts tell no ids, a new trace without a link", async (t) => {
  resetDiagnostics();
  const tracer = new MockTracer();
  tracer.extract = () => ({}) as never;
  tracer.inject = () => {};
  const { ask } = await serving(t, tracer, { publicEndpoint: true });
  await ask("GET /");
  assert.equal(tracer.report().spans.length, 3);
  assert.deepEqual(diagnostics(), {});
});

test("REFERENCE_LINK: a span of your own begins a trace that is linked to others, or has a parent besides", () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const [one, two] = [tracer.startSpan("one"), tracer.startSpan("two")];
  const batch = tracer.startSpan("batch", {
    references: [new Reference(REFERENCE_LINK, one), new Reference(REFERENCE_LINK, two.context())],
  });
  const child = tracer.startSpan("child", {
    childOf: batch,
    references: [new Reference(REFERENCE_LINK, one.context())],
  });
  for (const span of [child, batch]) span.finish();
  const [childRecord, batchRecord] = reporter.spans;
  assert.equal(batchRecord!.parentSpanId0, 0);
  assert.deepEqual(
    batchRecord!.references.map(({ context }) => spanIdHex(context)),
    [one.context().toSpanId(), two.context().toSpanId()],
  );
  assert.equal(childRecord!.parentSpanId0, batchRecord!.context.spanId0);
  assert.equal(childRecord!.references.length, 1);
});

test("docs/servers.md: callers that are not trusted, links of your own", async () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const messages = [tracer.startSpan("message"), tracer.startSpan("message")].map((span) => ({
    context: span.context(),
  }));

  const key = process.env["INTERNAL_KEY"];
  const tracing = initTracing({
    publicEndpoint: (request) => key === undefined || request.headers["x-internal-key"] !== key,
  });
  await tracing.close();

  const batch = tracer.startSpan("batch", {
    references: messages.map(({ context }) => new Reference(REFERENCE_LINK, context)),
  });
  batch.finish();
  assert.equal(reporter.spans[0]!.references.length, 2);
});
