// The header formats there are, their names, and which are spoken where nothing else is asked for.

import { type Check, hasMethods } from "../settings.ts";
import { B3Propagator } from "./b3.ts";
import { BaggagePropagator } from "./baggage.ts";
import { DatadogPropagator } from "./datadog.ts";
import { JaegerPropagator } from "./jaeger.ts";
import { OTTracerPropagator } from "./ot-tracer.ts";
import type { Propagator } from "./propagator.ts";
import { TraceContextPropagator } from "./w3c.ts";
import { XRayPropagator } from "./xray.ts";

/** The names of the formats, as OTEL_PROPAGATORS has them; `none` stands for none at all. */
export type PropagatorName = keyof typeof PROPAGATORS | "none";

/** A new format is a file here and a line in this table. */
const PROPAGATORS = {
  tracecontext: (): Propagator => new TraceContextPropagator(),
  baggage: (): Propagator => new BaggagePropagator(),
  b3: (): Propagator => new B3Propagator("single"),
  b3multi: (): Propagator => new B3Propagator("multi"),
  jaeger: (): Propagator => new JaegerPropagator(),
  datadog: (): Propagator => new DatadogPropagator(),
  ottrace: (): Propagator => new OTTracerPropagator(),
  xray: (): Propagator => new XRayPropagator(),
} as const;

/** W3C trace context and W3C baggage. */
export const DEFAULT_PROPAGATORS: readonly PropagatorName[] = ["tracecontext", "baggage"];

const isPropagator = hasMethods("a propagator", "inject", "extract");

/** Whether a setting is a list of names that are known and of propagators. */
export const isPropagatorList: Check = (value) =>
  Array.isArray(value) && value.every((one) => isName(one) || isPropagator(one) === undefined)
    ? undefined
    : `an array of propagators or of their names, which are ${names()}`;

/** The propagators of these names, in this order; `none` stands for none at all. Throws for a name that is not known. */
export function propagatorsByName(list: readonly string[]): Propagator[] {
  for (const name of list) {
    if (!isName(name)) throw new TypeError(`there is no propagator "${name}"; there are ${names()}`);
  }
  return propagatorsOf(list as readonly PropagatorName[]);
}

/** The propagators of a list of names and propagators: each name once, and none where `none` is among them. */
export function propagatorsOf(list: readonly (PropagatorName | Propagator)[]): Propagator[] {
  if (list.includes("none")) return [];
  return [...new Set(list)].map((one) =>
    typeof one === "string" ? PROPAGATORS[one as keyof typeof PROPAGATORS]() : one,
  );
}

function isName(value: unknown): value is PropagatorName {
  return value === "none" || (typeof value === "string" && Object.hasOwn(PROPAGATORS, value));
}

function names(): string {
  return `${Object.keys(PROPAGATORS).join(", ")} and none`;
}
