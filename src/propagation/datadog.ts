// The headers of Datadog's tracers: `x-datadog-*` and `ot-baggage-*`.

import { count } from "../diagnostics.ts";
import { DEBUG, decide, hasIds, hex32, SAMPLED, type TraceContext, UNDECIDED } from "../trace-context.ts";
import { readText, writeHeader } from "./carrier.ts";
import { type DatadogState, datadogMember, datadogStateOf, readTags, tagsOf, wholeNumber } from "./datadog-state.ts";
import { Decimal, decimalText } from "./decimal.ts";
import { readDigits } from "./hex.ts";
import { OT_BAGGAGE } from "./ot-tracer.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const TRACE = "x-datadog-trace-id";
const PARENT = "x-datadog-parent-id";
const PRIORITY = "x-datadog-sampling-priority";
const ORIGIN = "x-datadog-origin";
const TAGS = "x-datadog-tags";

/** Somebody asked for this trace to be kept, which no limit of rate may undo: what others call debug. */
const USER_KEEP = 2;

/** One of each for all: nothing comes between reading and taking over. */
const traceId = new Decimal();
const spanId = new Decimal();

/**
 * The low 64 bits of the trace id and the span id are decimal numbers, the high 64 bits a tag (`_dd.p.tid`). What else
 * Datadog says of a trace (its origin, tags, a decision by hand) is kept as Datadog keeps it where it speaks W3C trace
 * context: as the member `dd` of the tracestate; so it is passed on by either header.
 */
export class DatadogPropagator implements Propagator {
  readonly fields: readonly string[] = [TRACE, PARENT, PRIORITY, TAGS, ORIGIN];

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    // Where the low half is all zeros there is no trace id for Datadog.
    if (hasIds(context) && (context.traceId2 | context.traceId3) !== 0) writeIds(context, carrier);
    OT_BAGGAGE.inject(context, carrier);
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const trace = readText(carrier, TRACE);
    if (trace !== undefined) readIds(trace, carrier, context);
    OT_BAGGAGE.extract(carrier, context);
  }
}

function writeIds(context: Readonly<TraceContext>, carrier: TextCarrier): void {
  const { traceId0, traceId1, traceFlags } = context;
  const state = datadogStateOf(context.traceState);
  const isSampled = (traceFlags & SAMPLED) !== 0;
  writeHeader(carrier, TRACE, decimalText(context.traceId2, context.traceId3));
  writeHeader(carrier, PARENT, decimalText(context.spanId0, context.spanId1));
  if ((traceFlags & UNDECIDED) === 0) writeHeader(carrier, PRIORITY, String(priorityOf(traceFlags, state)));
  if (state?.origin !== undefined) writeHeader(carrier, ORIGIN, state.origin);

  const high = (traceId0 | traceId1) === 0 ? "" : hex32(traceId0) + hex32(traceId1);
  const tags = tagsOf(high, state, isSampled);
  if (tags !== "") writeHeader(carrier, TAGS, tags);
}

/** What came, as long as it says the same as the sampled flag. */
function priorityOf(traceFlags: number, state: DatadogState | undefined): number {
  const isSampled = (traceFlags & SAMPLED) !== 0;
  const received = state?.priority;
  if (received !== undefined && received > 0 === isSampled) return received;
  if (!isSampled) return 0;
  return (traceFlags & DEBUG) !== 0 ? USER_KEEP : 1;
}

function readIds(trace: string, carrier: TextCarrier, context: TraceContext): void {
  // All headers before the ids: a carrier's getter could come back here.
  const parent = readText(carrier, PARENT);
  const priority = readText(carrier, PRIORITY);
  const origin = readText(carrier, ORIGIN);
  const tags = readText(carrier, TAGS);
  if (parent === undefined || !traceId.read(trace) || !spanId.read(parent) || (traceId.high | traceId.low) === 0) {
    count("propagation.invalid");
    return;
  }
  const state: DatadogState = { priority: undefined, origin, tags: [] };
  const traceFlags = readPriority(priority, state);
  // A trace that has no span yet, as browsers and synthetic tests announce it: there is nothing to be the child of.
  if ((spanId.high | spanId.low) === 0) {
    decide(context, traceFlags);
    return;
  }
  const high = tags === undefined ? "" : readTags(tags, state);
  const isHigh = high.length === 16 && !Number.isNaN(readDigits(high, 8) + readDigits(high, 16));
  if (high !== "" && !isHigh) count("propagation.invalid");
  context.traceId0 = isHigh ? readDigits(high, 8) : 0;
  context.traceId1 = isHigh ? readDigits(high, 16) : 0;
  context.traceId2 = traceId.high;
  context.traceId3 = traceId.low;
  context.spanId0 = spanId.high;
  context.spanId1 = spanId.low;
  context.traceFlags = traceFlags;
  context.traceState = datadogMember(state);
}

/** Trace flags for a priority: a whole number, above 0 for a trace that is kept. Without one the decision is left to us. */
function readPriority(text: string | undefined, state: DatadogState): number {
  if (text === undefined) return UNDECIDED;
  const priority = wholeNumber(text);
  if (priority === undefined) {
    count("propagation.invalid");
    return UNDECIDED;
  }
  // 0 and 1 are what the sampled flag says by itself.
  if (priority !== 0 && priority !== 1) state.priority = priority;
  if (priority <= 0) return 0;
  return priority === USER_KEEP ? SAMPLED | DEBUG : SAMPLED;
}
