// The header formats there are, their names, and which are spoken where nothing else is asked for.

import { type Check, hasMethods, isTextList } from "../settings.ts";
import { B3Propagator } from "./b3.ts";
import { BaggagePropagator } from "./baggage.ts";
import { DatadogPropagator } from "./datadog.ts";
import { JaegerPropagator } from "./jaeger.ts";
import { OTTracerPropagator } from "./ot-tracer.ts";
import type { Propagator } from "./propagator.ts";
import { TraceContextPropagator } from "./w3c.ts";
import { XRayPropagator } from "./xray.ts";

/** The names of the formats, as OTEL_PROPAGATORS has them; `none`, alone, stands for none at all. */
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

/** The names, for messages. */
export const FORMATS: string = Object.keys(PROPAGATORS).join(", ");

/** W3C trace context and W3C baggage. */
export const DEFAULT_PROPAGATORS: readonly PropagatorName[] = ["tracecontext", "baggage"];

const hasInjectAndExtract = hasMethods("a propagator", "inject", "extract");

/** Whether a setting is a list of names that are known and of propagators, or `["none"]`. */
export const isPropagatorList: Check = (value) =>
  Array.isArray(value) && (isNone(value) || value.every((one) => isFormat(one) || isPropagator(one)))
    ? undefined
    : `an array of propagators (objects with fields, inject and extract) or of their names, which are ${FORMATS}, or ["none"]`;

/** The propagators of these names, in this order; `["none"]` stands for none at all. Throws for a name that is not known. */
export function propagatorsByName(list: readonly string[]): Propagator[] {
  for (const name of list) {
    if (name === "none" && !isNone(list)) throw new TypeError('"none" stands alone: ["none"], or a list without it');
    if (name !== "none" && !isFormat(name)) {
      throw new TypeError(`there is no propagator "${name}"; there are ${FORMATS}, or "none" alone`);
    }
  }
  return propagatorsOf(list as readonly PropagatorName[]);
}

/** The propagators of a list that has been checked: each name once. */
export function propagatorsOf(list: readonly (PropagatorName | Propagator)[]): Propagator[] {
  if (isNone(list)) return [];
  return [...new Set(list)].map((one) =>
    typeof one === "string" ? PROPAGATORS[one as keyof typeof PROPAGATORS]() : one,
  );
}

/** Whether it is the name of a format, which `none` is not. */
export function isFormat(value: unknown): boolean {
  return typeof value === "string" && Object.hasOwn(PROPAGATORS, value);
}

function isPropagator(value: unknown): boolean {
  return hasInjectAndExtract(value) === undefined && isTextList((value as Partial<Propagator>).fields) === undefined;
}

function isNone(list: readonly unknown[]): boolean {
  return list.length > 0 && list.every((one) => one === "none");
}
