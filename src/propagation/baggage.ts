// W3C Baggage: the `baggage` header, and the immutable value behind it.

import { count } from "../diagnostics.ts";
import type { Baggage, TraceContext } from "../trace-context.ts";
import { encodedValueOf, keptMembers, MAX_LENGTH, MAX_MEMBERS, nameOf } from "./baggage-header.ts";
import { takeRoom } from "./baggage-room.ts";
import { readHeader, writeHeader } from "./carrier.ts";
import { decoded, encodedName, encodedValue } from "./percent.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

const BAGGAGE = "baggage";

/** Writes and reads the `baggage` header. Members that nobody changes are passed on as they came, properties included. */
export class BaggagePropagator implements Propagator {
  readonly fields: readonly string[] = [BAGGAGE];

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    const header = context.baggage?.header;
    if (header === undefined || header === "") return;
    if (takeRoom(header.length)) writeHeader(carrier, BAGGAGE, header);
    else count("propagation.limit", context.baggage!.size);
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const header = readHeader(carrier, BAGGAGE);
    if (header !== undefined) context.baggage = mergedBaggage(context.baggage, baggageOf(header));
  }
}

/** The baggage of a header's value, without what in it is malformed or over a limit; undefined where nothing is left. */
export function baggageOf(header: string): Baggage | undefined {
  const kept = keptMembers(header);
  return kept === "" ? undefined : new HeaderBaggage(kept);
}

/**
 * What two formats brought: all of the first's, and of the second's what fits and has a name of its own. Names that differ
 * in case alone count as one here, for where an item is a header HTTP has lost its name's case.
 */
export function mergedBaggage(first: Baggage | undefined, second: Baggage | undefined): Baggage | undefined {
  if (first === undefined || first.header === "") return second ?? first;
  if (second === undefined || second.header === "") return first;
  const names = new Set(first.header.split(",").map(lowerName));
  const added = second.header.split(",").filter((member) => !names.has(lowerName(member)));
  return added.length === 0 ? first : baggageOf(`${first.header},${added.join(",")}`);
}

function lowerName(member: string): string {
  return nameOf(member).toLowerCase();
}

/** Baggage that is kept as the header it came in and goes out with: most of it is only ever passed on. */
class HeaderBaggage implements Baggage {
  readonly header: string;
  /** By the decoded names. Made when an item is first asked for. */
  #items: ReadonlyMap<string, string> | undefined;

  /** @param header is well-formed and within the limits */
  constructor(header: string) {
    this.header = header;
  }

  get size(): number {
    return this.#read().size;
  }

  get(name: string): string | undefined {
    return this.#read().get(decoded(encodedName(name))); // which may have been no Unicode
  }

  with(name: string, value: string): Baggage {
    const key = encodedName(name);
    if (key === "") {
      count("propagation.invalid");
      return this;
    }
    const read = decoded(key);
    const members = this.#members().filter((member) => decoded(nameOf(member)) !== read);
    members.push(`${key}=${encodedValue(value)}`);
    const header = members.join(",");
    if (members.length > MAX_MEMBERS || header.length > MAX_LENGTH) {
      count("propagation.limit");
      return this;
    }
    return new HeaderBaggage(header);
  }

  *entries(): Iterable<readonly [string, string]> {
    yield* this.#read();
  }

  #read(): ReadonlyMap<string, string> {
    this.#items ??= new Map(
      this.#members().map((member) => [decoded(nameOf(member)), decoded(encodedValueOf(member))]),
    );
    return this.#items;
  }

  #members(): string[] {
    return this.header === "" ? [] : this.header.split(",");
  }
}

/** Baggage without items. */
export const EMPTY_BAGGAGE: Baggage = new HeaderBaggage("");
