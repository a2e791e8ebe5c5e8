// The `ts` blocks of docs/opentelemetry.md, first half, and of docs/migrating.md about the shim, run.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { initTracing } from "node-opentracing";
import { OpenTelemetryTracer, openTelemetryBinding } from "node-opentracing/opentelemetry";
import { globalTracer, initGlobalTracer } from "opentracing";
import { loadSdk, type ReadableSpan } from "./sdk.js";

const sdk = await loadSdk(2);
const { B3Propagator } = createRequire(join(process.cwd(), "test", "peers", "index.js"))(
  "@opentelemetry/propagator-b3",
);

test("docs/opentelemetry.md: initTracing over the global provider", async () => {
  const spans: ReadableSpan[] = [];
  sdk.api.trace.setGlobalTracerProvider(sdk.provider((span) => spans.push(span)));
  const tracing = initTracing(openTelemetryBinding());
  await tracing.startActiveSpan("one", async () => {});
  assert.deepEqual(
    spans.map(({ name }) => name),
    ["one"],
  );
  await tracing.close();
});

test("docs/opentelemetry.md: the binding's options", () => {
  const spans: ReadableSpan[] = [];
  const provider = sdk.provider((span) => spans.push(span));
  const binding = openTelemetryBinding({
    provider, // instead of the global one
    stableNames: false, // keep OpenTracing's names: http.method, http.url
    httpHeadersPropagator: new B3Propagator(), // for requests, instead of the global one
    textMapPropagator: new B3Propagator(), // for FORMAT_TEXT_MAP, such as a queue's messages, instead of the global one
    implicitParent: true, // tracer.startSpan() without a parent: a child of what is active in OpenTelemetry's context
  });
  const span = binding.tracer.startSpan("one", { tags: { "http.method": "GET" } });
  span.finish();
  for (const format of ["http_headers", "text_map"]) {
    const carrier = {};
    binding.tracer.inject(span, format, carrier);
    assert.deepEqual(Object.keys(carrier), ["b3"]);
  }
  assert.equal(spans[0]!.attributes["http.method"], "GET");
});

test("docs/opentelemetry.md and docs/migrating.md: the tracer as OpenTracing's global one", () => {
  const spans: ReadableSpan[] = [];
  const provider = sdk.provider((span) => spans.push(span));
  initGlobalTracer(new OpenTelemetryTracer(provider)); // was: new TracerShim(provider.getTracer("shop"))
  globalTracer().startSpan("one").finish();
  assert.equal(spans[0]!.name, "one");
});
