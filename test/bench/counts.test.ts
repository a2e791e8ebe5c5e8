// The sink's counting of spans, by bodies that tracers' own encoders make.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { MemoryReporter, Tracer } from "node-opentracing";
import { ByteBuffer } from "#src/report/byte-buffer.js";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import { countSpans } from "../../bench/sink/counts.js";

function otlp(kinds: readonly string[]): Buffer {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  for (const kind of kinds) tracer.startSpan("op", { tags: { "span.kind": kind, long: "x".repeat(300) } }).finish();
  const encoder = new OtlpProtobufEncoder({ "service.name": "test" });
  const buffer = new ByteBuffer();
  for (const span of reporter.spans) encoder.encode(span, buffer);
  return Buffer.concat(encoder.body(buffer.bytes.subarray(0, buffer.length)));
}

test("OTLP: all spans, and those of served requests", () => {
  assert.deepEqual(countSpans("/v1/traces", otlp(["server", "client", "server", "internal"])), { spans: 4, served: 2 });
});

test("OTLP: a body that is cut is no body", () => {
  const body = otlp(["server"]);
  assert.throws(() => countSpans("/v1/traces", body.subarray(0, body.length - 1)));
});

test("Datadog: all spans of all traces, and those of served requests", () => {
  const require = createRequire(new URL("../../../test/peers/package.json", import.meta.url));
  const { encode } = require("dd-trace/packages/dd-trace/src/msgpack/index.js") as {
    encode?: (value: unknown) => Buffer;
  };
  assert.ok(encode !== undefined);
  const span = {
    name: "a".repeat(40),
    meta: { "span.kind": "server" },
    metrics: { a: 1.5, b: 2 ** 40, c: -7 },
    error: 0,
  };
  const traces = [[span, { ...span, meta: { "span.kind": "client" } }], Array.from({ length: 20 }, () => span)];
  assert.deepEqual(countSpans("/v0.4/traces", Buffer.from(encode(traces))), { spans: 22, served: 21 });
});

test("Elastic and Sentry: by the beginnings of their records", () => {
  const lines = '{"metadata":{}}\n{"transaction":{"id":1}}\n{"span":{"id":2}}\n{"span":{"id":3}}\n';
  assert.deepEqual(countSpans("/intake/v2/events", Buffer.from(lines)), { spans: 3, served: 1 });
  const streamed = '{"type":"span"}\n{"items":[{"span_id":"1","attributes":{"sentry.kind":{"value":"server"}}}]}\n';
  assert.deepEqual(countSpans("/api/1/envelope/", Buffer.from(streamed)), { spans: 1, served: 1 });
  const envelope = '{"sdk":{}}\n{"type":"transaction"}\n{"contexts":{"trace":{"span_id":"1"}}}\n';
  assert.deepEqual(countSpans("/api/1/envelope/", Buffer.from(envelope)), { spans: 1, served: 1 });
});

test("other paths hold no spans", () => {
  assert.deepEqual(countSpans("/info", Buffer.from("{}")), { spans: 0, served: 0 });
});
