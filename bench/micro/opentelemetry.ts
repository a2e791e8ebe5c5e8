// OpenTelemetry's operations. Bodies of requests are made by its serializer, and not sent.

import { requirePeer } from "../places.ts";
import { start } from "../variants/opentelemetry.ts";
import {
  attributesOf,
  nextStatus,
  type Operation,
  type Operations,
  proveMade,
  Tally,
  TRACEPARENT,
} from "./operation.ts";

const require = requirePeer("opentelemetry");
const { TracerProvider, BatchSpanProcessor, RandomIdGenerator } = require("@opentelemetry/sdk-trace");
const { ProtobufTraceSerializer, JsonTraceSerializer } = require("@opentelemetry/otlp-transformer");
const { W3CTraceContextPropagator } = require("@opentelemetry/core");
const api = require("@opentelemetry/api");

interface Span {
  setAttribute(name: string, value: unknown): this;
  end(): void;
}

export const operations: Operations = {
  span() {
    const { tracer, tally } = exporting();
    const run = (): void => {
      const span: Span = tracer.startSpan("op");
      span
        .setAttribute("http.method", "GET")
        .setAttribute("http.status_code", nextStatus())
        .setAttribute("error", false)
        .end();
    };
    return { run, prove: tally.prove };
  },
  active() {
    start(9); // for its context manager; nothing is posted there
    const { tracer, tally } = exporting();
    const tag = (span: Span): void => {
      span
        .setAttribute("http.method", "GET")
        .setAttribute("http.status_code", nextStatus())
        .setAttribute("error", false)
        .end();
    };
    return { run: () => tracer.startActiveSpan("op", tag), prove: tally.prove };
  },
  inject() {
    const propagator = new W3CTraceContextPropagator();
    const context = extracted(propagator);
    const run = (): unknown => {
      const headers = {};
      propagator.inject(context, headers, api.defaultTextMapSetter);
      return headers;
    };
    return { run, prove: proveMade };
  },
  extract() {
    const propagator = new W3CTraceContextPropagator();
    return { run: () => extracted(propagator), prove: proveMade };
  },
  ids() {
    const ids = new RandomIdGenerator();
    const run = (): unknown => {
      ids.generateTraceId();
      return ids.generateSpanId();
    };
    return { run, prove: proveMade };
  },
  protobuf: () => encoding(ProtobufTraceSerializer),
  json: () => encoding(JsonTraceSerializer),
};

const HEADERS = { traceparent: TRACEPARENT };

function extracted(propagator: { extract(context: unknown, carrier: unknown, getter: unknown): unknown }): unknown {
  return propagator.extract(api.ROOT_CONTEXT, HEADERS, api.defaultTextMapGetter);
}

function exporting() {
  const tally = new Tally();
  const exporter = {
    export(spans: readonly unknown[], done: (result: { code: number }) => void) {
      ProtobufTraceSerializer.serializeRequest(spans);
      tally.count += spans.length;
      done({ code: 0 });
    },
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  return { tracer: provider.getTracer("bench"), tally };
}

function encoding(serializer: { serializeRequest(spans: readonly unknown[]): unknown }): Operation {
  const spans: unknown[] = [];
  const processor = {
    onStart() {},
    onEnd: (span: unknown) => spans.push(span),
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer("bench");
  for (let i = 0; i < 1000; i++) tracer.startSpan("GET /users/:id", { kind: 1, attributes: attributesOf(i) }).end();
  return { run: () => serializer.serializeRequest(spans), per: spans.length, prove: proveMade };
}
