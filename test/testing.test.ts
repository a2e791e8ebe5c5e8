// docs/testing.md, run; and spanTree itself, which all other tests rely on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { initTracing, TraceContextPropagator, Tracer, traceText } from "node-opentracing";
import { MemoryReporter, propagationContract, spanTree } from "node-opentracing/testing";
import { startApp } from "./app.js";

test("docs/testing: a request is compared as a picture", async () => {
  const app = await startApp();
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  await app.get("/hop");
  await reporter.waitFor(3); // a server's span ends a moment after its client has read the answer
  assert.equal(
    spanTree(reporter.spans),
    `
GET  server 200
  GET  client 200
    GET  server 200`,
  );
  await tracing.close();
  await app.close();
});

test("docs/testing.md: a picture with times", () => {
  const picture = traceText([
    {
      traceId: "a1",
      spanId: "1",
      name: "GET /orders/:id",
      service: "shop",
      kind: "server",
      status: 200,
      startTime: 0,
      endTime: 3.89,
    },
    {
      traceId: "a1",
      spanId: "2",
      parentSpanId: "1",
      name: "load order",
      service: "shop",
      startTime: 0.75,
      endTime: 1.13,
    },
  ]);
  const page = readFileSync("docs/testing.md", "utf8");
  assert.ok(page.includes(`\`\`\`text\n${picture.trimEnd()}\n\`\`\``), picture);
});

for (const { name, run } of propagationContract({ name: "tracecontext", propagator: new TraceContextPropagator() })) {
  test(name, run);
}

test("spanTree shows kind, status, error, chosen tags and logs, and children in the order of their start", () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const root = tracer.startSpan("root", { startTime: 1, tags: { "span.kind": "server", "http.status_code": 500 } });
  const late = tracer.startSpan("late", { childOf: root, startTime: 3 });
  const early = tracer.startSpan("early", { childOf: root, startTime: 2, tags: { color: "red", size: 3 } });
  root.setTag("error", true).log({ event: "error", "error.object": new RangeError("too far") }, 4);
  for (const span of [early, late, root]) span.finish(5);
  assert.equal(
    spanTree(reporter.spans, { tags: ["color"], logs: true }),
    `
root  server 500 error=RangeError
  - error error.object=RangeError: too far
  early  color=red
  late`,
  );
});

test("spanTree sets traces one after the other and marks a span whose parent is not there", () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const missing = tracer.startSpan("never finished", { startTime: 1 });
  tracer.startSpan("orphan", { childOf: missing, startTime: 2 }).finish(3);
  tracer.startSpan("other trace", { startTime: 4 }).finish(5);
  assert.equal(spanTree(reporter.spans), "\norphan (parent missing)\nother trace");
  assert.equal(spanTree([]), "");
});
