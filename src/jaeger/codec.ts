// What reads and writes a context in a carrier, as `registerInjector` and `registerExtractor` take it.

import type { TextCarrier } from "../propagation/propagator.ts";
import { type Check, hasMethods } from "../settings.ts";
import type { JaegerSpanContext } from "./span-context.ts";

export interface Injector {
  inject(context: JaegerSpanContext, carrier: TextCarrier): void;
}

export interface Extractor {
  /** A context without ids, or null, where there is none. */
  extract(carrier: TextCarrier): JaegerSpanContext | null;
}

export const isInjector: Check = hasMethods("an injector", "inject");
export const isExtractor: Check = hasMethods("an extractor", "extract");
