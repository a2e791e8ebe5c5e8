// OpenTracing's own MockTracer by name: one span a request in and out, without headers to follow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initTracing } from "node-opentracing";
import type { MockTracer } from "opentracing";
import { diagnostics } from "#src/diagnostics.js";
import { startApp } from "../app.js";

test("opentracing:MockTracer: one span a request in and out", async () => {
  const tracing = initTracing({ tracerCallable: "opentracing:MockTracer" });
  const app = await startApp();
  assert.equal(await app.get("/hop"), "hello");
  await app.close(); // the servers' spans have ended
  await tracing.close();
  const { spans } = (tracing.tracer as MockTracer).report();
  assert.deepEqual(
    spans.map((span) => `${span.tags()["span.kind"]} ${span.operationName()} ${span.tags()["http.status_code"]}`),
    ["server GET 200", "client GET 200", "server GET 200"],
  );
  assert.ok(spans.every((span) => span.durationMs() >= 0));
  assert.deepEqual(diagnostics(), {});
});
