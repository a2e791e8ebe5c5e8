// Baggage in OpenTelemetry's context.

import { type Baggage, type Context as OtelContext, propagation } from "@opentelemetry/api";

/** What a span without any carries. */
export const NO_BAGGAGE: Baggage = propagation.createBaggage();

/** The same context with this baggage, none where that is empty. */
export function withBaggage(context: OtelContext, baggage: Baggage): OtelContext {
  const before = propagation.getBaggage(context);
  if (before === baggage) return context;
  if (!isEmpty(baggage)) return propagation.setBaggage(context, baggage);
  return before === undefined ? context : propagation.deleteBaggage(context);
}

export function isEmpty(baggage: Baggage): boolean {
  return baggage === NO_BAGGAGE || baggage.getAllEntries().length === 0;
}
