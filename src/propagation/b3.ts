// B3, the headers of Zipkin and Brave, in their single and their multiple form: https://github.com/openzipkin/b3-propagation

import { count } from "../diagnostics.ts";
import {
  DEBUG,
  DECISION_ONLY,
  decide,
  hasIds,
  SAMPLED,
  spanIdHex,
  type TraceContext,
  traceIdHex,
  UNDECIDED,
} from "../trace-context.ts";
import { readText, writeHeader } from "./carrier.ts";
import { IdsTemplate, isShort, SPAN_ID, setIds, TRACE_ID_64, TRACE_ID_128 } from "./ids.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const SINGLE = "b3";
const TRACE = "x-b3-traceid";
const SPAN = "x-b3-spanid";
const STATE = "x-b3-sampled";
const FLAGS = "x-b3-flags";

const DASH = 0x2d;

/** The sampling states as the single header has them, each with the end of that header. */
const ENDS = { undecided: "", "0": "-0", "1": "-1", d: "-d" } as const;
type State = keyof typeof ENDS;
const LONG = templates(TRACE_ID_128);
const SHORT = templates(TRACE_ID_64);

/**
 * Both forms are read, the single header first; the form that was asked for is written. A decision may come without ids
 * (`b3: 0`), and ids without a decision. The parent's own parent is neither kept nor written.
 */
export class B3Propagator implements Propagator {
  readonly fields: readonly string[];
  readonly #isMulti: boolean;

  constructor(form: "single" | "multi") {
    this.#isMulti = form === "multi";
    this.fields = this.#isMulti ? [TRACE, SPAN, STATE, FLAGS] : [SINGLE];
  }

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (!hasIds(context) && (context.traceFlags & DECISION_ONLY) === 0) return;
    if (this.#isMulti) writeMulti(context, carrier);
    else writeHeader(carrier, SINGLE, singleOf(context));
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const single = readText(carrier, SINGLE);
    if (single !== undefined) {
      if (readSingle(single, context)) return;
      count("propagation.invalid");
    }
    readMulti(carrier, context);
  }
}

function templates(traceId: string): Readonly<Record<State, IdsTemplate>> {
  const of = (state: State): IdsTemplate => new IdsTemplate(`${traceId}-${SPAN_ID}${ENDS[state]}`);
  return { undecided: of("undecided"), "0": of("0"), "1": of("1"), d: of("d") };
}

function stateOf({ traceFlags }: Readonly<TraceContext>): State {
  if ((traceFlags & UNDECIDED) !== 0) return "undecided";
  if ((traceFlags & SAMPLED) === 0) return "0";
  return (traceFlags & DEBUG) !== 0 ? "d" : "1";
}

function singleOf(context: Readonly<TraceContext>): string {
  const state = stateOf(context);
  return hasIds(context) ? (isShort(context) ? SHORT : LONG)[state].fill(context) : state;
}

function writeMulti(context: Readonly<TraceContext>, carrier: TextCarrier): void {
  if (hasIds(context)) {
    const traceId = traceIdHex(context);
    writeHeader(carrier, TRACE, isShort(context) ? traceId.slice(16) : traceId);
    writeHeader(carrier, SPAN, spanIdHex(context));
  }
  const state = stateOf(context);
  // Debug implies the decision, which is then not to be sent.
  if (state === "d") writeHeader(carrier, FLAGS, "1");
  else if (state !== "undecided") writeHeader(carrier, STATE, state);
}

/** `{trace id}-{span id}-{state}-{parent's span id}`, the last two or the last one left out; or a state alone. */
function readSingle(text: string, context: TraceContext): boolean {
  if (text.length === 1) {
    const flags = flagsOf(text);
    if (flags < 0) return false;
    decide(context, flags);
    return true;
  }
  const spanStart = text.indexOf("-") + 1;
  if (spanStart !== 17 && spanStart !== 33) return false;
  const stateStart = spanStart + 17;
  const flags = stateStart - 1 === text.length ? UNDECIDED : flagsOf(text.charAt(stateStart));
  if (flags < 0 || !endsWell(text, stateStart)) return false;
  return setIds(context, text.slice(0, spanStart - 1), text.slice(spanStart, stateStart - 1), flags);
}

/** Whether a span id ends at the dash before the state, and a parent's span id, or nothing, follows the state. */
function endsWell(text: string, stateStart: number): boolean {
  if (text.length === stateStart - 1) return true;
  if (text.charCodeAt(stateStart - 1) !== DASH) return false;
  return (
    text.length === stateStart + 1 || (text.length === stateStart + 18 && text.charCodeAt(stateStart + 1) === DASH)
  );
}

function readMulti(carrier: TextCarrier, context: TraceContext): void {
  const traceId = readText(carrier, TRACE);
  const state = readText(carrier, STATE);
  const debug = readText(carrier, FLAGS) === "1";
  if (traceId === undefined && state === undefined && !debug) return;

  const flags = debug ? SAMPLED | DEBUG : state === undefined ? UNDECIDED : flagsOf(state.toLowerCase());
  const spanId = readText(carrier, SPAN);
  if (flags < 0 || (traceId === undefined) !== (spanId === undefined)) {
    count("propagation.invalid");
  } else if (traceId === undefined) {
    decide(context, flags);
  } else if (!setIds(context, traceId, spanId!, flags)) {
    count("propagation.invalid");
  }
}

/** -1 for what is no state. Early libraries wrote words, which the format's description asks to accept. */
function flagsOf(state: string): number {
  switch (state) {
    case "0":
    case "false":
      return 0;
    case "1":
    case "true":
      return SAMPLED;
    case "d":
      return SAMPLED | DEBUG;
    default:
      return -1;
  }
}
