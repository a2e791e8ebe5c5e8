// What a propagator reads of a carrier beside span and baggage, and keeps in OpenTelemetry's context under keys of its own.

import { createContextKey, type Context as OtelContext, propagation, trace } from "@opentelemetry/api";

export type ExtractedValues = ReadonlyMap<symbol, unknown>;

/** Which values were put into a context: what has been set there since is kept. */
const EXTRACTED: symbol = createContextKey("node-opentracing.extracted");

/** A context whose values can be listed, which those of OpenTelemetry's API cannot. For propagators to extract into. */
class ListedContext implements OtelContext {
  readonly values: ExtractedValues;

  constructor(values: ExtractedValues) {
    this.values = values;
  }

  getValue(key: symbol): unknown {
    return this.values.get(key);
  }

  setValue(key: symbol, value: unknown): ListedContext {
    return new ListedContext(new Map(this.values).set(key, value));
  }

  deleteValue(key: symbol): ListedContext {
    const values = new Map(this.values);
    values.delete(key);
    return new ListedContext(values);
  }
}

/** The empty context to extract into, for `extractedValues` to be told of it. */
export const TO_EXTRACT: OtelContext = new ListedContext(new Map());

/** All values but span and baggage; undefined where there is none, or where the propagator began with a context of its own. */
export function extractedValues(context: OtelContext): ExtractedValues | undefined {
  if (!(context instanceof ListedContext)) return undefined;
  const known = Number(trace.getSpan(context) !== undefined) + Number(propagation.getBaggage(context) !== undefined);
  if (context.values.size === known) return undefined;
  const { values } = propagation.deleteBaggage(trace.deleteSpan(context)) as ListedContext;
  return values.size === 0 ? undefined : values;
}

/** Whether a carrier had any: a propagator may set what it has not found to undefined. */
export function hasValues(extracted: ExtractedValues | undefined): boolean {
  for (const value of extracted?.values() ?? []) if (value !== undefined) return true;
  return false;
}

/** Of what has no caller. */
export const NOTHING_EXTRACTED: ExtractedValues = new Map();

/**
 * The same context with these values, which win, in place of another caller's; as it is where it has them already, or had them and has others by now, and where
 * nothing is known (undefined).
 */
export function withExtracted(context: OtelContext, values: ExtractedValues | undefined): OtelContext {
  const before = context.getValue(EXTRACTED) as ExtractedValues | undefined;
  if (values === undefined || before === values || (before === undefined && values.size === 0)) return context;
  let changed = context.setValue(EXTRACTED, values);
  for (const key of before?.keys() ?? []) changed = changed.deleteValue(key);
  for (const [key, value] of values) changed = changed.setValue(key, value);
  return changed;
}
