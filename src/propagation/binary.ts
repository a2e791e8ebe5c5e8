// The BINARY carrier: a small format of this project's own, for queues and protocols that carry bytes.
//
//   offset  size  content
//        0     1  version: 1. Anything else is refused.
//        1     1  W3C trace flags: bit 0 sampled, bit 1 random trace id; other bits are written as 0 and ignored
//        2    16  trace id, most significant byte first
//       18     8  span id, likewise. Both ids are 0 in a context that carries baggage alone.
//       26        fields, each of: 1 byte kind, 2 bytes length (most significant byte first), as many bytes of ASCII text
//
// Kinds: 1 is the value of a `tracestate` header, 2 that of a `baggage` header. Fields of other kinds are passed over, so
// that later releases can add some. A field that reaches beyond the end makes the whole buffer invalid.

import { count } from "../diagnostics.ts";
import { hasIds, RANDOM_TRACE_ID, SAMPLED, type TraceContext } from "../trace-context.ts";
import { baggageOf } from "./baggage.ts";
import { checkedTraceState } from "./trace-state.ts";

/** Any object with a field `buffer`, as OpenTracing's `BinaryCarrier`. */
export interface BinaryCarrier {
  buffer?: ArrayLike<number> | null;
}

const VERSION = 1;
const HEAD = 26;
const FIELD_HEAD = 3;
const TRACE_STATE = 1;
const BAGGAGE = 2;
/** Longer buffers are refused unread: this is more than what we write can come to. */
const MAX_LENGTH = 0xffff;

/** Sets `carrier.buffer` to a Uint8Array. Never throws: a carrier that cannot be written to is counted. */
export function injectBinary(context: Readonly<TraceContext>, carrier: BinaryCarrier): void {
  const ids = hasIds(context);
  const traceState = ids ? context.traceState : "";
  const baggage = context.baggage?.header ?? "";
  const bytes = new Uint8Array(HEAD + fieldLength(traceState) + fieldLength(baggage));
  bytes[0] = VERSION;
  if (ids) {
    const view = new DataView(bytes.buffer);
    bytes[1] = context.traceFlags & (SAMPLED | RANDOM_TRACE_ID);
    view.setInt32(2, context.traceId0);
    view.setInt32(6, context.traceId1);
    view.setInt32(10, context.traceId2);
    view.setInt32(14, context.traceId3);
    view.setInt32(18, context.spanId0);
    view.setInt32(22, context.spanId1);
  }
  writeField(bytes, HEAD, TRACE_STATE, traceState);
  writeField(bytes, HEAD + fieldLength(traceState), BAGGAGE, baggage);
  try {
    carrier.buffer = bytes;
  } catch (error) {
    count("propagation.carrier", 1, "a carrier threw while it was written to", error);
  }
}

/**
 * Reads `carrier.buffer`, an array of numbers or a Uint8Array, into `context`; leaves `context` alone where there is none or an empty one.
 * Never throws: buffers that are invalid are counted `propagation.invalid`, carriers that throw `propagation.carrier`.
 */
export function extractBinary(carrier: BinaryCarrier, context: TraceContext): void {
  try {
    const { buffer } = carrier;
    if (buffer === undefined || buffer === null || buffer.length === 0) return;
    const bytes = bytesOf(buffer);
    if (bytes === undefined || !areValid(bytes)) count("propagation.invalid");
    else read(bytes, context);
  } catch (error) {
    count("propagation.carrier", 1, "a carrier threw while it was read", error);
  }
}

/** A copy as a plain Uint8Array; undefined for what is no list of bytes, or too long. */
function bytesOf(buffer: unknown): Uint8Array | undefined {
  if (!Array.isArray(buffer) && !(buffer instanceof Uint8Array)) return undefined;
  if (buffer.length < HEAD || buffer.length > MAX_LENGTH) return undefined;
  const bytes = new Uint8Array(buffer.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte: unknown = buffer[i];
    if (typeof byte !== "number") return undefined;
    bytes[i] = byte;
    if (bytes[i] !== byte) return undefined; // a fraction, or out of range
  }
  return bytes;
}

/** Whether the version is ours, both ids or neither are there, and every field ends within the buffer. */
function areValid(bytes: Uint8Array): boolean {
  if (bytes[0] !== VERSION) return false;
  const hasTraceId = bytes.subarray(2, 18).some((byte) => byte !== 0);
  const hasSpanId = bytes.subarray(18, HEAD).some((byte) => byte !== 0);
  if (hasTraceId !== hasSpanId) return false;
  let at = HEAD;
  while (at + FIELD_HEAD <= bytes.length) at += FIELD_HEAD + lengthAt(bytes, at);
  return at === bytes.length;
}

function read(bytes: Uint8Array, context: TraceContext): void {
  const view = new DataView(bytes.buffer);
  context.traceId0 = view.getInt32(2);
  context.traceId1 = view.getInt32(6);
  context.traceId2 = view.getInt32(10);
  context.traceId3 = view.getInt32(14);
  context.spanId0 = view.getInt32(18);
  context.spanId1 = view.getInt32(22);
  const ids = hasIds(context);
  context.traceFlags = ids ? bytes[1]! & (SAMPLED | RANDOM_TRACE_ID) : 0;
  context.traceState = "";

  for (let at = HEAD; at < bytes.length; at += FIELD_HEAD + lengthAt(bytes, at)) {
    const text = textAt(bytes, at);
    if (bytes[at] === TRACE_STATE && ids) context.traceState = checkedTraceState(text);
    else if (bytes[at] === BAGGAGE) context.baggage = baggageOf(text);
  }
}

function fieldLength(text: string): number {
  return text === "" ? 0 : FIELD_HEAD + text.length;
}

function writeField(bytes: Uint8Array, at: number, kind: number, text: string): void {
  if (text === "") return;
  bytes[at] = kind;
  bytes[at + 1] = text.length >>> 8;
  bytes[at + 2] = text.length & 0xff;
  for (let i = 0; i < text.length; i++) bytes[at + FIELD_HEAD + i] = text.charCodeAt(i);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function textAt(bytes: Uint8Array, at: number): string {
  const end = at + FIELD_HEAD + lengthAt(bytes, at);
  let text = "";
  for (let i = at + FIELD_HEAD; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
