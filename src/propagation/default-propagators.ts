// The header formats spoken where nothing else is asked for, and their names.

import { BaggagePropagator } from "./baggage.ts";
import type { Propagator } from "./propagator.ts";
import { TraceContextPropagator } from "./w3c.ts";

/** The formats there are, by the names that OTEL_PROPAGATORS gives them. A new format is a file here and a line in this table. */
const PROPAGATORS: ReadonlyMap<string, () => Propagator> = new Map<string, () => Propagator>([
  ["tracecontext", () => new TraceContextPropagator()],
  ["baggage", () => new BaggagePropagator()],
]);

/** W3C trace context and W3C baggage. */
export function defaultPropagators(): Propagator[] {
  return propagatorsByName(["tracecontext", "baggage"]);
}

/** The propagators of these names, in this order; `none` stands for none at all. Throws for a name that is not known. */
export function propagatorsByName(names: readonly string[]): Propagator[] {
  if (names.includes("none")) return [];
  return [...new Set(names)].map((name) => {
    const make = PROPAGATORS.get(name);
    if (make === undefined) {
      throw new TypeError(`there is no propagator "${name}"; there are ${[...PROPAGATORS.keys()].join(", ")} and none`);
    }
    return make();
  });
}
