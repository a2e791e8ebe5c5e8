// Baggage with a header an item, as Jaeger, Datadog and OpenTracing's basic tracer send it: `uberctx-user: alice`.

import { count } from "../diagnostics.ts";
import type { TraceContext } from "../trace-context.ts";
import { baggageOf, mergedBaggage } from "./baggage.ts";
import { takeRoom } from "./baggage-room.ts";
import { readPrefixed, writeHeader } from "./carrier.ts";
import { consistsOf, TOKEN } from "./characters.ts";
import { decoded, encodedName, encodedValue } from "./percent.ts";
import type { TextCarrier } from "./propagator.ts";

/** A header an item. HTTP loses the case of names; carriers that keep it get and give them as they are. */
export class PrefixedBaggage {
  readonly #prefix: string;
  readonly #encode: ((value: string) => string) | undefined;
  readonly #decode: (text: string) => string;

  /**
   * @param prefix how the headers' names begin, lower case
   * @param encode undefined for carriers that are no headers: names and values then stand there as they are
   */
  constructor(prefix: string, encode?: (value: string) => string, decode: (text: string) => string = decoded) {
    this.#prefix = prefix;
    this.#encode = encode;
    this.#decode = decode;
  }

  inject({ baggage }: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (baggage === undefined || baggage.header === "") return;
    const encode = this.#encode;
    for (const [name, value] of baggage.entries()) {
      const [item, text] = encode === undefined ? [name, value] : [encodedName(name), encode(value)];
      if (takeRoom(item.length + text.length + 2)) writeHeader(carrier, this.#prefix + item, text);
      else count("propagation.limit");
    }
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const items = readPrefixed(carrier, this.#prefix);
    if (items === undefined) return;
    for (let i = 0; i < items.length; i += 2) {
      if (this.#encode === undefined) items[i] = encodedName(items[i]!);
      else items[i + 1] = this.#decode(items[i + 1]!);
    }
    addItems(context, items);
  }
}

/** Adds items to the baggage of a context, those that fit. */
export function addItems(context: TraceContext, namesAndValues: readonly string[]): void {
  const members: string[] = [];
  for (let i = 0; i < namesAndValues.length; i += 2) {
    const name = namesAndValues[i]!;
    // What is no token is no header's name either: it comes from other carriers alone.
    if (name !== "" && consistsOf(name, TOKEN)) members.push(`${name}=${encodedValue(namesAndValues[i + 1]!)}`);
    else count("propagation.invalid");
  }
  context.baggage = mergedBaggage(context.baggage, baggageOf(members.join(",")));
}
