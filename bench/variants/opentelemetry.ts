// OpenTelemetry as its guide for Node sets it up: the batch processor, OTLP over protobuf, the instrumentation of http.

import { requirePeer } from "../places.ts";
import type { Started } from "./variant.ts";

export function start(sink: number): Started {
  return startWith(sink, []);
}

type Require = NodeJS.Require;

/** With these instrumentations besides that of http. */
export function startWith(sink: number, more: readonly ((require: Require) => unknown)[]): Started {
  const require = requirePeer("opentelemetry");
  const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
  const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
  const traceExporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${sink}/v1/traces` });
  const instrumentations = [new HttpInstrumentation(), ...more.map((make) => make(require))];
  if (isInstalled(require, "@opentelemetry/sdk-node")) {
    process.env["OTEL_METRICS_EXPORTER"] = "none";
    process.env["OTEL_LOGS_EXPORTER"] = "none";
    const { NodeSDK } = require("@opentelemetry/sdk-node");
    new NodeSDK({ serviceName: "bench", traceExporter, instrumentations }).start();
  } else {
    const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
    const { registerInstrumentations } = require("@opentelemetry/instrumentation");
    const tracerProvider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(traceExporter)] });
    tracerProvider.register();
    registerInstrumentations({ instrumentations, tracerProvider });
  }
  const tracer = require("@opentelemetry/api").trace.getTracer("bench");
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

function isInstalled(require: Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
