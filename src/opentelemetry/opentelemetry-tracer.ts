// An OpenTracing tracer whose spans are those of an OpenTelemetry provider.

import { type TracerProvider, trace } from "@opentelemetry/api";
import { Tracer } from "opentracing";

/** An OpenTracing tracer over any OpenTelemetry provider. */
export class OpenTelemetryTracer extends Tracer {
  readonly provider: TracerProvider;

  /** @param provider whose tracer makes the spans; the global one by default, looked up at each use */
  constructor(provider: TracerProvider = trace.getTracerProvider()) {
    super();
    this.provider = provider;
  }
}
