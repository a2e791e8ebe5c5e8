// What travels of a span: OpenTelemetry's span context together with the baggage that OpenTracing keeps in it.

import type { Baggage, SpanContext as OtelSpanContext } from "@opentelemetry/api";
import { SpanContext } from "opentracing";
import type { ExtractedValues } from "./extracted-values.ts";

/** An OpenTracing span context over OpenTelemetry's. Immutable: `setBaggageItem` gives its span another one. */
export class OpenTelemetrySpanContext extends SpanContext {
  /** OpenTelemetry's own: ids, flags and trace state. Not valid where a caller sent baggage alone. */
  readonly otelSpanContext: OtelSpanContext;
  readonly baggage: Baggage;
  /** @internal What else a propagator read of the carrier, for the spans below and what they send. */
  readonly extracted: ExtractedValues | undefined;

  constructor(otelSpanContext: OtelSpanContext, baggage: Baggage);
  /** @internal `extracted` */
  constructor(otelSpanContext: OtelSpanContext, baggage: Baggage, extracted: ExtractedValues | undefined);
  constructor(otelSpanContext: OtelSpanContext, baggage: Baggage, extracted?: ExtractedValues) {
    super();
    this.otelSpanContext = otelSpanContext;
    this.baggage = baggage;
    this.extracted = extracted;
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
