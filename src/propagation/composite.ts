// Several header formats as one: all of them are written, and the first that finds a trace counts.

import { warn } from "../diagnostics.ts";
import { hasIds, type TraceContext } from "../trace-context.ts";
import { beginWriting, endWriting } from "./baggage-room.ts";
import { beginReading, endReading } from "./carrier.ts";
import type { Propagator, TextCarrier } from "./propagator.ts";
import { mergedTraceState } from "./trace-state.ts";

/** Of so many formats, each goes through a carrier's names as it needs them: for two that is sooner done than a list of them. */
const FEW = 2;

/**
 * Identity (ids, sampling decision and tracestate) is that of the first format that finds ids; formats after it can add
 * baggage, and what the tracestate of the same trace has besides. Our own formats never throw; those that users bring
 * may, which is counted.
 */
export class CompositePropagator implements Propagator {
  readonly #propagators: readonly Propagator[];

  constructor(propagators: readonly Propagator[]) {
    this.#propagators = propagators;
  }

  get fields(): readonly string[] {
    return [...new Set(this.#propagators.flatMap(({ fields }) => fields))];
  }

  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void {
    beginWriting();
    for (const propagator of this.#propagators) {
      try {
        propagator.inject(context, carrier);
      } catch (error) {
        warn("propagation.error", "a propagator threw; its headers are missing", error);
      }
    }
    endWriting();
  }

  extract(carrier: TextCarrier, context: TraceContext): void {
    const areMany = this.#propagators.length > FEW;
    if (areMany) beginReading(carrier);
    for (const propagator of this.#propagators) {
      if (hasIds(context)) extractMore(propagator, carrier, context);
      else extract(propagator, carrier, context);
    }
    if (areMany) endReading();
  }
}

/** Whatever the format does to the context's ids and decision is undone: in words of its own, for nothing is to be allocated here. */
function extractMore(propagator: Propagator, carrier: TextCarrier, context: TraceContext): void {
  const { traceId0, traceId1, traceId2, traceId3, spanId0, spanId1, traceFlags, traceState } = context;
  extract(propagator, carrier, context);
  const isSameTrace =
    context.traceId0 === traceId0 &&
    context.traceId1 === traceId1 &&
    context.traceId2 === traceId2 &&
    context.traceId3 === traceId3;
  context.traceState = isSameTrace ? mergedTraceState(traceState, context.traceState) : traceState;
  context.traceId0 = traceId0;
  context.traceId1 = traceId1;
  context.traceId2 = traceId2;
  context.traceId3 = traceId3;
  context.spanId0 = spanId0;
  context.spanId1 = spanId1;
  context.traceFlags = traceFlags;
}

function extract(propagator: Propagator, carrier: TextCarrier, context: TraceContext): void {
  try {
    propagator.extract(carrier, context);
  } catch (error) {
    warn("propagation.error", "a propagator threw; its headers are not read", error);
  }
}
