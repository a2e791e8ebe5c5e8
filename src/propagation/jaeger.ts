// The headers of Jaeger's clients: `uber-trace-id`, `uberctx-*`, `jaeger-debug-id` and `jaeger-baggage`.
// https://www.jaegertracing.io/docs/1.76/client-libraries/#propagation-format

import { count } from "../diagnostics.ts";
import { DEBUG, decide, hasIds, SAMPLED, type TraceContext } from "../trace-context.ts";
import { readText, writeHeader } from "./carrier.ts";
import { trimBlanks } from "./characters.ts";
import { readDigits } from "./hex.ts";
import { IdsTemplate, isShort, SPAN_ID, setIds, TRACE_ID_64, TRACE_ID_128 } from "./ids.ts";
import { decoded, decodedForm, formValue } from "./percent.ts";
import { addItems, PrefixedBaggage } from "./prefixed-baggage.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const UBER_TRACE_ID = "uber-trace-id";
const DEBUG_ID = "jaeger-debug-id";
const BAGGAGE = "jaeger-baggage";

/** 32, 16 and 16 digits, two of flags, and three colons that may be percent-encoded. */
const MAX_LENGTH = 32 + 16 + 16 + 2 + 3 * 3;
/** The header's flags: bit 0 sampled, bit 1 debug. Those above are Jaeger's own business (firehose) and not passed on. */
export const SAMPLED_BIT = 1;
export const DEBUG_BIT = 2;

const LONG = templates(TRACE_ID_128);
const SHORT = templates(TRACE_ID_64);

/** Other names for the headers, and whether values are percent-encoded, as in headers. */
export interface JaegerNames {
  /** `uber-trace-id` by default. */
  readonly contextKey?: string | undefined;
  /** `uberctx-` by default. */
  readonly baggagePrefix?: string | undefined;
  /** True by default. Otherwise baggage and the debug id are written and read as they are. */
  readonly urlEncoding?: boolean | undefined;
}

/**
 * The parent's own parent, which the format has given up, is written as 0. `jaeger-debug-id` without a trace starts one that
 * is recorded, and is a tag of its root; `jaeger-baggage` (`a=1, b=2`) is for callers by hand: both are read, not written.
 */
export class JaegerPropagator implements Propagator {
  readonly fields: readonly string[];
  readonly #contextKey: string;
  readonly #baggage: PrefixedBaggage;
  readonly #decode: (text: string) => string;

  constructor({ contextKey = UBER_TRACE_ID, baggagePrefix = "uberctx-", urlEncoding = true }: JaegerNames = {}) {
    this.#contextKey = contextKey.toLowerCase();
    this.fields = [this.#contextKey];
    const prefix = baggagePrefix.toLowerCase();
    // Jaeger's clients for Go and Java write a space as a plus sign, and read one as a space; none writes a plus sign as it is.
    this.#baggage = urlEncoding ? new PrefixedBaggage(prefix, formValue, decodedForm) : new PrefixedBaggage(prefix);
    this.#decode = urlEncoding ? decoded : asItIs;
  }

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (hasIds(context)) {
      const { sampled, debug, dropped } = isShort(context) ? SHORT : LONG;
      const isDebug = (context.traceFlags & DEBUG) !== 0;
      const template = (context.traceFlags & SAMPLED) === 0 ? dropped : isDebug ? debug : sampled;
      writeHeader(carrier, this.#contextKey, template.fill(context));
    }
    this.injectBaggage(context, carrier);
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const header = readText(carrier, this.#contextKey);
    if (header !== undefined && !readIds(header, context)) count("propagation.invalid");
    this.extractBesides(carrier, context);
  }

  /** The headers beside the ids, which Jaeger's clients also write beside ids of another format. */
  injectBaggage(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    this.#baggage.inject(context, carrier);
  }

  /** The debug id and the baggage; after the ids, for a debug id counts only without them. */
  extractBesides(carrier: TextCarrier, context: TraceContext): void {
    const debugId = readText(carrier, DEBUG_ID);
    if (debugId !== undefined && decide(context, SAMPLED | DEBUG)) context.debugId = this.#decode(debugId);

    this.#baggage.extract(carrier, context);
    const list = readText(carrier, BAGGAGE);
    if (list !== undefined) addItems(context, itemsOf(this.#decode(list)));
  }
}

/** Trace flags for the header's. */
export function traceFlagsOf(bits: number): number {
  if ((bits & SAMPLED_BIT) === 0) return 0;
  return (bits & DEBUG_BIT) === 0 ? SAMPLED : SAMPLED | DEBUG;
}

function asItIs(value: string): string {
  return value;
}

function templates(traceId: string): Readonly<Record<"dropped" | "sampled" | "debug", IdsTemplate>> {
  const of = (flags: number): IdsTemplate => new IdsTemplate(`${traceId}:${SPAN_ID}:0:${flags}`);
  return { dropped: of(0), sampled: of(SAMPLED_BIT), debug: of(SAMPLED_BIT | DEBUG_BIT) };
}

/** `{trace id}:{span id}:{parent's span id}:{flags}`, the colons percent-encoded or not. */
function readIds(header: string, context: TraceContext): boolean {
  if (header.length > MAX_LENGTH) return false;
  const text = decoded(header);
  const first = text.indexOf(":");
  const second = text.indexOf(":", first + 1);
  const third = text.indexOf(":", second + 1);
  if (first < 0 || second < 0 || third < 0) return false;
  const flags = text.slice(third + 1);
  const bits = readDigits(flags, flags.length);
  if (flags === "" || flags.length > 2 || Number.isNaN(bits)) return false;

  return setIds(context, text.slice(0, first), text.slice(first + 1, second), traceFlagsOf(bits));
}

/** `a=1, b=2` as names and values. */
function itemsOf(list: string): string[] {
  const items: string[] = [];
  for (const pair of list.split(",")) {
    const equals = pair.indexOf("=");
    if (equals > 0) items.push(trimBlanks(pair.slice(0, equals)), trimBlanks(pair.slice(equals + 1)));
    else if (trimBlanks(pair) !== "") count("propagation.invalid");
  }
  return items;
}
