// The tracers that are known by name: one line each.

import type { Binding } from "./bound-tracer.ts";
import { ddTrace } from "./dd-trace.ts";
import { jaegerClient, jaegerClientFromEnv } from "./jaeger-client.ts";
import { lightstepTracer } from "./lightstep-tracer.ts";
import { mockTracer } from "./mock-tracer.ts";
import { openTelemetry } from "./opentelemetry.ts";
import { zipkin } from "./zipkin.ts";

/** Values of `tracerCallable`, and what they bind. Any other text is `"module:export"`. */
const BINDINGS: Readonly<Record<string, Binding>> = {
  "dd-trace": ddTrace,
  "jaeger-client": jaegerClient,
  "jaeger-client:initTracer": jaegerClient,
  "jaeger-client:initTracerFromEnv": jaegerClientFromEnv,
  "lightstep-tracer": lightstepTracer,
  "lightstep-tracer:Tracer": lightstepTracer,
  opentelemetry: openTelemetry,
  "opentracing:MockTracer": mockTracer,
  "zipkin-javascript-opentracing": zipkin,
};

/** The binding of that name, or undefined. */
export function bindingNamed(name: string): Binding | undefined {
  return Object.hasOwn(BINDINGS, name) ? BINDINGS[name] : undefined;
}
