// W3C Trace Context: the `traceparent` and `tracestate` headers.

import { hasIds, spanIdHex, type TraceContext, traceIdHex } from "../trace-context.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

/** SKELETON: to be completed. */
export class TraceContextPropagator implements Propagator {
  readonly fields: readonly string[] = ["traceparent", "tracestate"];
  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (!hasIds(context)) return;
    carrier["traceparent"] = `00-${traceIdHex(context)}-${spanIdHex(context)}-0${context.traceFlags & 3}`;
  }
  extract(carrier: TextCarrier, context: TraceContext): void {
    const value = carrier["traceparent"];
    if (typeof value !== "string" || value.length !== 55) return;
    const word = (at: number): number => Number.parseInt(value.slice(at, at + 8), 16) | 0;
    context.traceId0 = word(3);
    context.traceId1 = word(11);
    context.traceId2 = word(19);
    context.traceId3 = word(27);
    context.spanId0 = word(36);
    context.spanId1 = word(44);
    context.traceFlags = Number.parseInt(value.slice(53), 16);
  }
}
