// Turning the tracing of AsyncHTTPClient on and off: the original's API tests, and what happens where several are on.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { initTracing, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { MockTracer } from "opentracing";
import { AsyncHTTPClient } from "#src/tornado/async-http-client.js";
import { traceTornadoClient } from "#src/tornado/client-tracing.js";
import { initClientTracing } from "#src/tornado/init-client-tracing.js";
import { untraced } from "#src/untraced.js";
import { onServer, type Routes } from "./web-server.js";

const ROUTES: Routes = {
  "/": (_request, response) => response.end("here"),
  "/redirect": (_request, response) => response.writeHead(302, { location: "/" }).end(),
};

function reporting(): { reporter: MemoryReporter; tracer: Tracer } {
  const reporter = new MemoryReporter();
  return { reporter, tracer: new Tracer({ reporter }) };
}

const client = new AsyncHTTPClient();

test("client patch: the tracer given is used until close, and no tracer has a span then", async () => {
  const { reporter, tracer } = reporting();
  const tracing = initClientTracing(tracer);
  assert.equal(tracing.tracer, tracer);
  await onServer(ROUTES, async ({ origin, requests }) => {
    await client.fetch(`${origin}/`);
    await tracing.close();
    await client.fetch(`${origin}/`);
    assert.equal(reporter.spans.length, 1);
    assert.deepEqual(
      requests.map(({ headers }) => headers["traceparent"] !== undefined),
      [true, false],
    );
  });
});

test("a tracer of the standard's own kind will do", async () => {
  const tracer = new MockTracer();
  tracer.inject = () => {};
  const tracing = initClientTracing(tracer);
  await onServer(ROUTES, async ({ origin }) => {
    await client.fetch(`${origin}/`);
    assert.equal(tracer.report().spans.length, 1);
  });
  await tracing.close();
});

test("client subtracer: a Tracing object stands for its tracer and options, and its close ends the tracing", async () => {
  const { reporter, tracer } = reporting();
  const own = new Tracing(tracer, { redactedParameters: ["card"] });
  assert.equal(initClientTracing(own), own);
  await onServer(ROUTES, async ({ origin }) => {
    await client.fetch(`${origin}/?card=1`);
    await own.close();
    await client.fetch(`${origin}/`);
    assert.equal(
      spanTree(reporter.spans, { tags: ["http.url"] }),
      `\nGET  client 200 http.url=${origin}/?card=REDACTED`,
    );
  });
});

test("client start span: the callback given beside a Tracing object wins over its own", async () => {
  const { reporter, tracer } = reporting();
  const named = (name: string) => ({
    startSpanCb: (span: { setOperationName(name: string): unknown }) => void span.setOperationName(name),
  });
  const tracing = initClientTracing(new Tracing(tracer, named("the object's")), named("given"));
  await onServer(ROUTES, async ({ origin }) => {
    await client.fetch(`${origin}/`);
    assert.equal(spanTree(reporter.spans), "\ngiven  client 200");
  });
  await tracing.close();
});

test("invalid callbacks and tracers are refused, and nothing is traced", async () => {
  const wrong = { startSpanCb: {} } as never;
  assert.throws(() => initClientTracing(new MockTracer(), wrong), /startSpanCb must be a function, not an object/);
  assert.throws(() => initClientTracing(new Tracing(), wrong), /startSpanCb must be a function/);
  assert.throws(() => initClientTracing({} as never), /the tracer must be an OpenTracing tracer/);
  assert.throws(() => initClientTracing(new MockTracer(), { start_span_cb: () => {} } as never), /"startSpanCb"/);
  await onServer(ROUTES, async ({ origin, requests }) => {
    await client.fetch(`${origin}/`);
    assert.equal(requests[0]!.headers["traceparent"], undefined);
  });
});

test("patched twice: the latest counts, a fetch has one span, and each is taken back in any order", async () => {
  const first = reporting();
  const second = reporting();
  const third = reporting();
  const counts = () => [first, second, third].map(({ reporter }) => reporter.spans.length);
  const one = initClientTracing(first.tracer);
  const two = initClientTracing(second.tracer);
  const three = initClientTracing(third.tracer);
  await onServer(ROUTES, async ({ origin }) => {
    await client.fetch(`${origin}/`);
    assert.deepEqual(counts(), [0, 0, 1]);
    await two.close();
    await client.fetch(`${origin}/`);
    assert.deepEqual(counts(), [0, 0, 2]);
    await three.close();
    await three.close();
    await client.fetch(`${origin}/`);
    assert.deepEqual(counts(), [1, 0, 2]);
    await one.close();
    await client.fetch(`${origin}/`);
    assert.deepEqual(counts(), [1, 0, 2]);
  });
});

test("a fetch that is running when the tracing is taken back keeps its span", async () => {
  const { reporter, tracer } = reporting();
  const tracing = initClientTracing(tracer);
  const routes: Routes = { "/": (_request, response) => void tracing.close().then(() => response.end("here")) };
  await onServer(routes, async ({ origin }) => {
    await client.fetch(`${origin}/`);
    assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  });
});

test("with initTracing on as well, a fetch has one span, that of AsyncHTTPClient, redirects included", async () => {
  const { reporter, tracer } = reporting();
  const everything = initTracing({ tracer, traceAll: false });
  const tracing = initClientTracing(tracer);
  await onServer(ROUTES, async ({ origin, requests }) => {
    await client.fetch(`${origin}/redirect`);
    assert.equal(spanTree(reporter.spans, { tags: ["component"] }), "\nGET  client 200 component=tornado");
    const sent = new Set(requests.map(({ headers }) => headers["traceparent"]));
    assert.equal(sent.size, 1);
    assert.equal(typeof [...sent][0], "string");
  });
  await tracing.close();
  await everything.close();
});

test("with initTracing alone, the requests of a fetch are seen as those of node:http", async () => {
  const { reporter, tracer } = reporting();
  const everything = initTracing({ tracer, traceAll: false });
  await onServer(ROUTES, async ({ origin }) => {
    await client.fetch(`${origin}/`);
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans, { tags: ["component"] }), "\nGET  client 200 component=node:http");
  });
  await everything.close();
});

test("traceClient false: no client span, not even where initTracing is on", async () => {
  const { reporter, tracer } = reporting();
  const everything = initTracing({ tracer, traceAll: false });
  const undo = traceTornadoClient(new Tracing(tracer, { traceClient: false }).http);
  await onServer(ROUTES, async ({ origin, requests }) => {
    await client.fetch(`${origin}/redirect`);
    assert.equal(reporter.spans.length, 0);
    assert.deepEqual(
      requests.map(({ headers }) => headers["traceparent"]),
      [undefined, undefined],
    );
  });
  undo();
  undo();
  await everything.close();
});

test("tracing's own traffic is not traced", async () => {
  const { reporter, tracer } = reporting();
  const tracing = initClientTracing(tracer);
  await onServer(ROUTES, async ({ origin }) => {
    await untraced(() => client.fetch(`${origin}/`));
    assert.equal(reporter.spans.length, 0);
  });
  await tracing.close();
});

test("a script's last spans are sent when it ends, once however often its Tracing is given", () => {
  const script = `
    import { Tracer, Tracing } from "node-opentracing";
    import { initClientTracing } from ${JSON.stringify(import.meta.resolve("#src/tornado/init-client-tracing.js"))};
    const reporter = { report() {}, async flush() { console.log("flushed"); }, async close() {} };
    const tracing = new Tracing(new Tracer({ reporter }));
    initClientTracing(tracing);
    initClientTracing(tracing);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.deepEqual([stdout, stderr], ["flushed\n", ""]);
});

test("OTEL_SDK_DISABLED turns it off", () => {
  const script = `
    import { MockTracer } from "opentracing";
    import { initClientTracing } from ${JSON.stringify(import.meta.resolve("#src/tornado/init-client-tracing.js"))};
    import { AsyncHTTPClient } from ${JSON.stringify(import.meta.resolve("#src/tornado/async-http-client.js"))};
    const tracer = new MockTracer();
    initClientTracing(tracer);
    await new AsyncHTTPClient().fetch("http://127.0.0.1:1/").catch(() => {});
    console.log(tracer.report().spans.length);`;
  const env = { ...process.env, OTEL_SDK_DISABLED: "true" };
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", env });
  assert.equal(stdout, "0\n");
});
