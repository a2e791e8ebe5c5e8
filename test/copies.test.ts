// Two copies of this package in one process, as when a bundle brings its own: one tracing.

import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as first from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { isUntraced } from "#src/untraced.js";
import { HOP, startApp } from "./app.js";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, `copy-${process.pid}`);
for (const part of ["dist", ".build/internal"]) {
  cpSync(join(here, "../..", part), join(folder, part), { recursive: true });
}
after(() => rmSync(folder, { recursive: true }));
const second: typeof first = await import(pathToFileURL(join(folder, "dist/index.js")).href);

test("the second copy patches nothing and answers the first one's tracing; a hop is one span", async () => {
  assert.notEqual(second.initTracing, first.initTracing);
  const app = await startApp();
  const reporter = new first.MemoryReporter();
  const tracing = first.initTracing({ reporter });
  assert.equal(second.initTracing(), tracing);
  await app.get("/hop");
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), HOP);
  await tracing.close();
  await app.close();
});

test("the second copy takes the first one's tracing where it takes its own, and tells what the first has dropped", async () => {
  resetDiagnostics();
  const app = await startApp();
  const reporter = new first.MemoryReporter();
  const tracing = first.initTracing({ reporter, traceAll: false });
  const client = second.initClientTracing(tracing, { operationName: () => "by the second" });
  await app.get("/hop");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nby the second  client 200");
  await client.close();
  await tracing.close();

  const given = new first.Tracing(new first.Tracer({ reporter }));
  const again = second.initTracing({ tracing: given, traceAll: true });
  await app.get("/");
  await reporter.waitFor(2);
  await again.close();
  await app.close();

  const span = given.tracer.startSpan("once");
  span.finish();
  span.finish();
  assert.deepEqual(second.diagnostics(), { "span.finished_twice": 1 });
});

test("a span made active through one copy is active for the other", () => {
  const tracer = new first.Tracer({ reporter: new first.MemoryReporter() });
  new first.Tracing(tracer).startActiveSpan("outer", (span) => {
    assert.equal(new second.Tracing(tracer).activeSpan(), span);
  });
});

test("what one copy sends for itself, or has a span for already, is no span of the other's", async () => {
  const { untraced }: typeof import("#src/untraced.js") = await import(
    pathToFileURL(join(folder, ".build/internal/untraced.js")).href
  );
  assert.equal(untraced(isUntraced), true);

  const at = (file: string) => import(pathToFileURL(join(folder, ".build/internal/tornado", file)).href);
  const { initClientTracing }: typeof import("#src/tornado/init-client-tracing.js") =
    await at("init-client-tracing.js");
  const { AsyncHTTPClient }: typeof import("#src/tornado/async-http-client.js") = await at("async-http-client.js");
  const app = await startApp();
  const reporter = new first.MemoryReporter();
  const tracing = first.initTracing({ reporter, traceAll: false });
  const client = initClientTracing(tracing.tracer);
  await new AsyncHTTPClient().fetch(app.url);
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["component"] }), "\nGET  client 200 component=tornado");
  await client.close();
  await tracing.close();
  await app.close();
});

test("after the first one's close the second can trace, and leaves nothing behind", async () => {
  const before = globalThis.fetch;
  await first.initTracing({ reporter: new first.MemoryReporter() }).close();
  const reporter = new second.MemoryReporter();
  const tracing = second.initTracing({ reporter });
  const app = await startApp();
  await app.get("/");
  await reporter.waitFor(1);
  await app.close();
  await tracing.close();
  assert.equal(globalThis.fetch, before);
});
