// What travels of a span: OpenTelemetry's span context together with the baggage that OpenTracing keeps in it.

import type { Baggage, SpanContext as OtelSpanContext } from "@opentelemetry/api";
import { SpanContext } from "opentracing";

/** An OpenTracing span context over OpenTelemetry's. Immutable: `setBaggageItem` gives its span another one. */
export class OpenTelemetrySpanContext extends SpanContext {
  /** OpenTelemetry's own: ids, flags and trace state. Not valid where a caller sent baggage alone. */
  readonly otelSpanContext: OtelSpanContext;
  readonly baggage: Baggage;

  constructor(otelSpanContext: OtelSpanContext, baggage: Baggage) {
    super();
    this.otelSpanContext = otelSpanContext;
    this.baggage = baggage;
  }

  /** 32 hexadecimal digits. */
  override toTraceId(): string {
    return this.otelSpanContext.traceId;
  }

  /** 16 hexadecimal digits. */
  override toSpanId(): string {
    return this.otelSpanContext.spanId;
  }
}
