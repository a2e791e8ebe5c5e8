// W3C Trace Context, Levels 1 and 2: the `traceparent` and `tracestate` headers.

import { count } from "../diagnostics.ts";
import { hasIds, RANDOM_TRACE_ID, SAMPLED, type TraceContext } from "../trace-context.ts";
import { readHeader, writeHeader } from "./carrier.ts";
import { trimBlanks } from "./characters.ts";
import { digitAt, HexTemplate, isHex, readWord } from "./hex.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";
import { checkedTraceState } from "./trace-state.ts";

const TRACEPARENT = "traceparent";
const TRACESTATE = "tracestate";

/** `00-` trace id `-` span id `-` flags: 2 + 1 + 32 + 1 + 16 + 1 + 2. */
const LENGTH = 55;
const TRACE_ID = 3;
const SPAN_ID = 36;
const FLAGS = 53;
const DASH = 0x2d;

/** One for all: nothing comes between filling it and making text of it. */
const traceparent = new HexTemplate("00-00000000000000000000000000000000-0000000000000000-00");

/**
 * `traceparent` is read in every version but ff, and written in version 00 with the sampled and the random bit; no other
 * flag is kept. `tracestate` is passed on byte by byte, or dropped whole where it is malformed. What is malformed counts
 * as `propagation.invalid`; an absent header does not.
 */
export class TraceContextPropagator implements Propagator {
  readonly fields: readonly string[] = [TRACEPARENT, TRACESTATE];

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (!hasIds(context)) return;
    writeHeader(carrier, TRACEPARENT, traceparentOf(context));
    if (context.traceState !== "") writeHeader(carrier, TRACESTATE, context.traceState);
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const header = readHeader(carrier, TRACEPARENT);
    if (header === undefined) return;
    if (!readTraceparent(header, context)) {
      count("propagation.invalid");
      return;
    }
    const traceState = readHeader(carrier, TRACESTATE);
    context.traceState = traceState === undefined ? "" : checkedTraceState(traceState);
  }
}

/** Reads a header into `context` and answers true, or answers false and leaves `context` alone. Section 3.2. */
function readTraceparent(header: string, context: TraceContext): boolean {
  // Servers strip blanks around a header's value before anybody sees it; other carriers may not.
  const text = header.length === LENGTH ? header : trimBlanks(header);
  if (!isFramed(text)) return false;
  const traceId0 = readWord(text, TRACE_ID);
  const traceId1 = readWord(text, TRACE_ID + 8);
  const traceId2 = readWord(text, TRACE_ID + 16);
  const traceId3 = readWord(text, TRACE_ID + 24);
  const spanId0 = readWord(text, SPAN_ID);
  const spanId1 = readWord(text, SPAN_ID + 8);
  if (Number.isNaN(traceId0 + traceId1 + traceId2 + traceId3 + spanId0 + spanId1)) return false;
  if ((traceId0 | traceId1 | traceId2 | traceId3) === 0 || (spanId0 | spanId1) === 0) return false;

  context.traceId0 = traceId0;
  context.traceId1 = traceId1;
  context.traceId2 = traceId2;
  context.traceId3 = traceId3;
  context.spanId0 = spanId0;
  context.spanId1 = spanId1;
  // Section 3.2.4: of a version that is not known, the sampled bit is all that may be understood.
  const known = isVersion0(text) ? SAMPLED | RANDOM_TRACE_ID : SAMPLED;
  context.traceFlags = digitAt(text, FLAGS + 1) & known;
  return true;
}

/** Whether version, dashes, flags and length are right: all but the ids. */
function isFramed(text: string): boolean {
  if (text.length !== LENGTH) {
    // Section 3.2.4: a higher version may go on after another dash. A comma there joins a second header to this one.
    if (isVersion0(text) || text.charCodeAt(LENGTH) !== DASH || text.includes(",", LENGTH)) return false;
  }
  return (
    isHex(text, 0, 2) &&
    !text.startsWith("ff") &&
    text.charCodeAt(TRACE_ID - 1) === DASH &&
    text.charCodeAt(SPAN_ID - 1) === DASH &&
    text.charCodeAt(FLAGS - 1) === DASH &&
    isHex(text, FLAGS, 2)
  );
}

function isVersion0(text: string): boolean {
  return text.charCodeAt(0) === 0x30 && text.charCodeAt(1) === 0x30;
}

function traceparentOf(context: Readonly<TraceContext>): string {
  return traceparent
    .setWord(TRACE_ID, context.traceId0)
    .setWord(TRACE_ID + 8, context.traceId1)
    .setWord(TRACE_ID + 16, context.traceId2)
    .setWord(TRACE_ID + 24, context.traceId3)
    .setWord(SPAN_ID, context.spanId0)
    .setWord(SPAN_ID + 8, context.spanId1)
    .setByte(FLAGS, context.traceFlags & (SAMPLED | RANDOM_TRACE_ID))
    .toString();
}
