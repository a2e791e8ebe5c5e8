// How OpenTelemetry's propagators reach the carriers of inject and extract: as our own do.

import type { TextMapGetter, TextMapSetter } from "@opentelemetry/api";
import { readHeader, writeHeader } from "../propagation/carrier.ts";
import type { TextCarrier } from "../propagation/propagator.ts";

/** Reads names in any case, of objects, `Headers` and maps. Never throws. */
export const GETTER: TextMapGetter<TextCarrier> = {
  get: (carrier, name) => readHeader(carrier, name.toLowerCase()),
  keys(carrier) {
    const { keys } = carrier as { keys?: unknown };
    if (typeof keys === "function") return [...(keys.call(carrier) as Iterable<string>)];
    return Object.keys(carrier);
  },
};

/** Never throws. */
export const SETTER: TextMapSetter<TextCarrier> = { set: writeHeader };
