// The identity of a span as it travels between processes: what propagators read and write, and what exporters encode.

/** Bit 0 of the trace flags: the caller records this trace (W3C Trace Context Level 1, section 3.2.2.5.1). */
export const SAMPLED = 0x01;
/** Bit 1 of the trace flags: the rightmost 56 bits of the trace id are random (Level 2, section 3.2.2.5.2). */
export const RANDOM_TRACE_ID = 0x02;

// Bits above the W3C's byte: what other formats say of sampling. They reach neither `traceparent` nor OTLP.

/** The caller asks for this trace to be recorded whatever any sampler says: B3's and Jaeger's debug flag. Beside `SAMPLED`. */
export const DEBUG = 0x100;
/** There are ids, and the caller left the sampling decision to us (B3: "defer"). Never beside `SAMPLED`. */
export const UNDECIDED = 0x200;
/** There are no ids, only a decision for the trace that is to begin: `SAMPLED`, with or without `DEBUG`, or neither (`b3: 0`). */
export const DECISION_ONLY = 0x400;

/**
 * Ids are kept as signed 32-bit words, most significant first, for they are compared, encoded and hashed far more often
 * than they are printed. All-zero ids are "none".
 */
export interface TraceContext {
  traceId0: number;
  traceId1: number;
  traceId2: number;
  traceId3: number;
  spanId0: number;
  spanId1: number;
  /** W3C trace flags in the low byte (`SAMPLED`, `RANDOM_TRACE_ID`); above it `DEBUG`, `UNDECIDED`, `DECISION_ONLY`. */
  traceFlags: number;
  /** The `tracestate` header as received, validated, or "" for none. */
  traceState: string;
  /** Name and value pairs that travel along, or undefined for none. */
  baggage: Baggage | undefined;
  /** Beside `DECISION_ONLY`: a text by which the caller means to find the trace again (`jaeger-debug-id`). */
  debugId?: string | undefined;
}

/** Baggage never changes: `with` answers a new one. Implemented by `propagation/baggage.ts`. */
export interface Baggage {
  /** How many items there are. */
  readonly size: number;
  /** All items as the value of a W3C `baggage` header, well-formed and within the limits; "" for none. */
  readonly header: string;
  /** The value of an item; of several items with one name, the last one's. */
  get(name: string): string | undefined;
  /**
   * Baggage with this item added, or in place of the items of that name. The same baggage where the name is empty
   * (counted `propagation.invalid`) or the limits would be passed (counted `propagation.limit`).
   */
  with(name: string, value: string): Baggage;
  /** All items. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

/** Whether both ids are there: a context without them can carry baggage, but is no parent. */
export function hasIds(context: Readonly<TraceContext>): boolean {
  return (
    (context.traceId0 | context.traceId1 | context.traceId2 | context.traceId3) !== 0 &&
    (context.spanId0 | context.spanId1) !== 0
  );
}

/** Takes a decision that came without ids: only where the context has neither ids nor a decision yet. `UNDECIDED` is none. */
export function decide(context: TraceContext, traceFlags: number): boolean {
  if ((traceFlags & UNDECIDED) !== 0 || hasIds(context) || (context.traceFlags & DECISION_ONLY) !== 0) return false;
  context.traceFlags = traceFlags | DECISION_ONLY;
  return true;
}

/** The trace id as 32 lower-case hexadecimal digits. */
export function traceIdHex(context: Readonly<TraceContext>): string {
  return hex32(context.traceId0) + hex32(context.traceId1) + hex32(context.traceId2) + hex32(context.traceId3);
}

/** The span id as 16 lower-case hexadecimal digits. */
export function spanIdHex(context: Readonly<Pick<TraceContext, "spanId0" | "spanId1">>): string {
  return hex32(context.spanId0) + hex32(context.spanId1);
}

/** A parent's span id as 16 hexadecimal digits, "" for a root's. */
export function parentSpanIdHex(span: { readonly parentSpanId0: number; readonly parentSpanId1: number }): string {
  const isRoot = (span.parentSpanId0 | span.parentSpanId1) === 0;
  return isRoot ? "" : hex32(span.parentSpanId0) + hex32(span.parentSpanId1);
}

/** A 32-bit word as 8 hexadecimal digits. */
export function hex32(word: number): string {
  return BYTES[word >>> 24]! + BYTES[(word >>> 16) & 0xff]! + BYTES[(word >>> 8) & 0xff]! + BYTES[word & 0xff]!;
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
