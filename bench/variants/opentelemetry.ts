// OpenTelemetry with what it needs to trace http and no more: tracer provider, batch processor, OTLP over protobuf, the instrumentation. Its guide's
// NodeSDK does the same and loads exporters, detectors, metrics and logs besides.

import { requirePeer } from "../places.ts";
import type { Started } from "./variant.ts";

export function start(sink: number): Started {
  return startWith(sink, []);
}

type Require = NodeJS.Require;

/** With these instrumentations besides that of http. */
export function startWith(sink: number, more: readonly ((require: Require) => unknown)[]): Started {
  const require = requirePeer("opentelemetry");
  const { context, propagation, trace } = require("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require("@opentelemetry/core");
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
  const { registerInstrumentations } = require("@opentelemetry/instrumentation");
  const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
  const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${sink}/v1/traces` });
  const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(tracerProvider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  const instrumentations = [new HttpInstrumentation(), ...more.map((make) => make(require))];
  registerInstrumentations({ instrumentations, tracerProvider });
  const tracer = trace.getTracer("bench");
  return {
    child: (name, work) =>
      tracer.startActiveSpan(name, (span: Span) => {
        span.setAttribute("order.id", 42).setAttribute("tenant", "acme").setAttribute("cached", false);
        try {
          return work();
        } finally {
          span.end();
        }
      }),
  };
}

interface Span {
  setAttribute(name: string, value: unknown): this;
  end(): void;
}
