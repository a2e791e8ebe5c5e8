// The product's operations. Bodies of requests are made, and not sent.

import { Tracer, Tracing } from "node-opentracing";
import { BatchReporter } from "#src/report/batch-reporter.js";
import { ByteBuffer } from "#src/report/byte-buffer.js";
import { OtlpJsonEncoder } from "#src/report/otlp-json-encoder.js";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import type { FinishedSpan } from "#src/report/reporter.js";
import type { SpanEncoder } from "#src/report/span-encoder.js";
import { randomWord } from "#src/tracer/ids.js";
import {
  attributesOf,
  extractOf,
  injectOf,
  nextStatus,
  type Operation,
  type Operations,
  proveMade,
  spanOf,
  Tally,
  TRACEPARENT,
} from "./operation.ts";

const SETTINGS = { scheduleDelay: 5000, maxQueueSize: 16384, maxExportBatchSize: 512, flushLimit: 1000 };
const ANSWER = { code: 200, contentType: "", body: Buffer.alloc(0), retryAfter: undefined };
const DELIVERED = { status: "delivered", answer: ANSWER, isSent: true } as const;

export const operations: Operations = {
  span() {
    const { tracer, tally } = exporting();
    return spanOf(tracer, tally);
  },
  active() {
    const { tracer, tally } = exporting();
    const tracing = new Tracing(tracer);
    const tag = (span: { setTag(name: string, value: unknown): typeof span }): void => {
      span.setTag("http.method", "GET").setTag("http.status_code", nextStatus()).setTag("error", false);
    };
    return { run: () => tracing.startActiveSpan("op", tag), prove: tally.prove };
  },
  inject: () => injectOf(exporting().tracer, { traceparent: TRACEPARENT }),
  extract: () => extractOf(exporting().tracer, { traceparent: TRACEPARENT }),
  ids: () => ({
    run() {
      for (let i = 1; i < 6; i++) randomWord();
      return randomWord();
    },
    prove: proveMade,
  }),
  protobuf: () => encoding(new OtlpProtobufEncoder({ "service.name": "bench" })),
  json: () => encoding(new OtlpJsonEncoder({ "service.name": "bench" })),
};

/** A tracer that batches and encodes as `initTracing` makes it, and the count of what would be sent. */
function exporting(): { tracer: Tracer; tally: Tally } {
  const tally = new Tally();
  const encoder = new OtlpProtobufEncoder({ "service.name": "bench" });
  const sender = { send: async () => DELIVERED, hurry: () => () => {}, close() {} };
  const reporter = new BatchReporter(encoder, sender, SETTINGS, (_answer, spans) => {
    tally.count += spans;
  });
  return { tracer: new Tracer({ reporter }), tally };
}

function encoding(encoder: SpanEncoder): Operation {
  const spans: FinishedSpan[] = [];
  const tracer = new Tracer({
    reporter: { report: (span) => void spans.push(span), flush: async () => {}, close: async () => {} },
  });
  for (let i = 0; i < 1000; i++) {
    const tags = { component: "net/http", "span.kind": "server", ...attributesOf(i) };
    tracer.startSpan("GET /users/:id", { tags }).finish();
  }
  const buffer = new ByteBuffer();
  const run = (): unknown => {
    buffer.length = 0;
    for (const span of spans) encoder.encode(span, buffer);
    return encoder.body(buffer.bytes.subarray(0, buffer.length));
  };
  return { run, per: spans.length, prove: proveMade };
}
