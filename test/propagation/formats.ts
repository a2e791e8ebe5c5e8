// What the tests of the header formats share: a context told in words.

import { type PropagatorName, propagatorsByName } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import {
  DEBUG,
  DECISION_ONLY,
  hasIds,
  SAMPLED,
  spanIdHex,
  type TraceContext,
  traceIdHex,
  UNDECIDED,
} from "#src/trace-context.js";
import { SpanContext } from "#src/tracer/span-context.js";

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
/** Its low 64 bits. */
export const LOW = "a3ce929d0e0e4736";
export const SPAN = "00f067aa0ba902b7";

/** What a format finds in these headers: `{trace id}-{span id} {state}` or a state alone, and what was counted. */
export function reads(name: PropagatorName, carrier: object): string {
  resetDiagnostics();
  const context = extracted(name, carrier);
  const counted = Object.entries(diagnostics()).map(([counter, amount]) => `${counter} ${amount}`);
  return [told(context), ...counted].join("; ");
}

export function extracted(name: PropagatorName, carrier: object): SpanContext {
  const context = new SpanContext();
  for (const propagator of propagatorsByName([name])) propagator.extract(carrier as Record<string, string>, context);
  return context;
}

/** The headers that a format writes for a context. */
export function written(name: PropagatorName, context: TraceContext): Record<string, string> {
  const carrier: Record<string, string> = {};
  for (const propagator of propagatorsByName([name])) propagator.inject(context, carrier);
  return carrier;
}

/** A context with these ids, in hexadecimal digits. */
export function contextOf(traceId: string, spanId: string, traceFlags: number): SpanContext {
  const context = new SpanContext();
  const long = traceId.padStart(32, "0");
  const word = (digits: string, at: number): number => Number.parseInt(digits.slice(at, at + 8), 16) | 0;
  [context.traceId0, context.traceId1, context.traceId2, context.traceId3] = [0, 8, 16, 24].map((at) =>
    word(long, at),
  ) as [number, number, number, number];
  [context.spanId0, context.spanId1] = [word(spanId, 0), word(spanId, 8)];
  context.traceFlags = traceFlags;
  return context;
}

export function told(context: TraceContext): string {
  const { traceFlags } = context;
  if (hasIds(context)) return `${traceIdHex(context)}-${spanIdHex(context)} ${stateOf(traceFlags)}`;
  return (traceFlags & DECISION_ONLY) === 0 ? "nothing" : stateOf(traceFlags);
}

export function stateOf(traceFlags: number): string {
  if ((traceFlags & UNDECIDED) !== 0) return "undecided";
  if ((traceFlags & SAMPLED) === 0) return "dropped";
  return (traceFlags & DEBUG) !== 0 ? "debug" : "sampled";
}
