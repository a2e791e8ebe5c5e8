// W3C Baggage: the `baggage` header, and the immutable value behind it.

import type { Baggage, TraceContext } from "../trace-context.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";

class MapBaggage implements Baggage {
  readonly #items: ReadonlyMap<string, string>;
  constructor(items: ReadonlyMap<string, string>) {
    this.#items = items;
  }
  get size(): number {
    return this.#items.size;
  }
  get(name: string): string | undefined {
    return this.#items.get(name);
  }
  with(name: string, value: string): Baggage {
    return new MapBaggage(new Map(this.#items).set(name, value));
  }
  entries(): Iterable<readonly [string, string]> {
    return this.#items.entries();
  }
}

/** Baggage without items. */
export const EMPTY_BAGGAGE: Baggage = new MapBaggage(new Map());

/** SKELETON: to be completed. */
export class BaggagePropagator implements Propagator {
  readonly fields: readonly string[] = ["baggage"];
  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    if (context.baggage === undefined) return;
    carrier["baggage"] = Array.from(context.baggage.entries(), ([k, v]) => `${k}=${encodeURIComponent(v)}`).join(",");
  }
  extract(_carrier: TextCarrier, _context: TraceContext): void {}
}
