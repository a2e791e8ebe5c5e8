// dd-trace's operations. Payloads are encoded by its writer, and not sent.

import { requirePeer } from "../places.ts";
import { start } from "../variants/datadog.ts";
import { attributesOf, extractOf, injectOf, nextStatus, type Operations, proveMade, Tally } from "./operation.ts";

start(9);
const tracer = requirePeer("datadog")("dd-trace");
const tally = new Tally();
const writer = tracer._tracer._exporter._writer;
writer._sendPayload = (_data: unknown, count: number, done: () => void): void => {
  tally.count += count;
  done();
};

interface Span {
  setTag(name: string, value: unknown): this;
  finish(): void;
}

const HEADERS = {
  "x-datadog-trace-id": "1234567890123456789",
  "x-datadog-parent-id": "9876543210987654321",
  "x-datadog-sampling-priority": "1",
};

export const operations: Operations = {
  span() {
    const run = (): void => {
      const span: Span = tracer.startSpan("op");
      span.setTag("http.method", "GET").setTag("http.status_code", nextStatus()).setTag("error", false).finish();
    };
    return { run, prove: sent };
  },
  active() {
    const tag = (span: Span): void => {
      span.setTag("http.method", "GET").setTag("http.status_code", nextStatus()).setTag("error", false);
    };
    return { run: () => tracer.trace("op", tag), prove: sent };
  },
  inject: () => injectOf(tracer, HEADERS),
  extract: () => extractOf(tracer, HEADERS),
  protobuf() {
    const spans: unknown[][] = [];
    const exporter = tracer._tracer._exporter;
    exporter.export = (formatted: unknown[]) => spans.push(formatted);
    for (let i = 0; i < 1000; i++) tracer.startSpan("GET /users/:id", { tags: attributesOf(i) }).finish();
    const encoder = writer._encoder;
    const run = (): unknown => {
      for (const span of spans) encoder.encode(span);
      return encoder.makePayload();
    };
    return { run, per: spans.length, prove: proveMade };
  },
};

/** It sends every two seconds, which is after the end of a short run. */
function sent(runs: number): void {
  writer.flush();
  if (tally.count < runs * 0.9) throw new Error(`${tally.count} spans were encoded of ${runs}`);
}
