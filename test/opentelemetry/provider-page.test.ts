// The `ts` block of docs/opentelemetry.md, second half, run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { trace } from "@opentelemetry/api";
import { initTracing } from "node-opentracing";
import { registerOpenTelemetry } from "node-opentracing/opentelemetry";

test("docs/opentelemetry.md: registerOpenTelemetry, until close()", async () => {
  const tracing = initTracing();
  registerOpenTelemetry(tracing);
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), true);
  await tracing.close();
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), false);
});
