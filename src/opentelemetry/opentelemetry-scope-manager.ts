// The active span by OpenTelemetry's context: what is active there is active here, and the other way round.

import {
  type Baggage,
  context as contextApi,
  createContextKey,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Context as OtelContext,
  type Span as OtelSpan,
  propagation,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import type { ScopeManager } from "../scope/scope-manager.ts";
import { NO_BAGGAGE, withBaggage } from "./baggage.ts";
import { NOTHING_EXTRACTED, withExtracted } from "./extracted-values.ts";
import { OpenTelemetryInstrumentations } from "./opentelemetry-instrumentations.ts";
import { OpenTelemetrySpan } from "./opentelemetry-span.ts";
import { OpenTelemetryTracer } from "./opentelemetry-tracer.ts";

/** For spans of another tracer, which OpenTelemetry cannot hold. */
const FOREIGN: symbol = createContextKey("node-opentracing.span");

type Keeping = OtelSpan & { [key: symbol]: OpenTelemetrySpan | undefined };

/**
 * Keeps the active span and its baggage in OpenTelemetry's context, so that spans of both APIs nest. Needs a context
 * manager, as every OpenTelemetry SDK for Node registers one.
 */
export class OpenTelemetryScopeManager implements ScopeManager {
  readonly others: OpenTelemetryInstrumentations;
  readonly #tracer: OpenTelemetryTracer;
  /**
   * Where an OpenTelemetry span keeps the OpenTracing span that was made active, or found active first. A WeakMap in its place
   * costs 9 of 21 µs a request, nearly all of it in the garbage collector (Node 20).
   */
  readonly #key: symbol = Symbol("node-opentracing.span");
  /** The same with other baggage than its own, by that. */
  readonly #views = new WeakMap<Baggage, WeakMap<OtelSpan, OpenTelemetrySpan>>();
  #isChecked = false;

  /**
   * @param tracer whose spans stand for those that OpenTelemetry's API made active
   * @param others what else may trace the same requests
   */
  constructor(
    tracer: OpenTelemetryTracer = new OpenTelemetryTracer(),
    others: OpenTelemetryInstrumentations = new OpenTelemetryInstrumentations(),
  ) {
    this.#tracer = tracer;
    this.others = others;
  }

  /**
   * The span that is active in OpenTelemetry's context, whoever made it so, with the context's baggage. Where there is
   * baggage alone: a span that records nothing and has it.
   */
  active(): Span | undefined {
    const active = contextApi.active();
    const baggage = propagation.getBaggage(active);
    const span = trace.getSpan(active);
    if (span === undefined || !isSpanContextValid(span.spanContext())) {
      const foreign = active.getValue(FOREIGN) as Span | undefined;
      if (foreign !== undefined || baggage === undefined || baggage.getAllEntries().length === 0) return foreign;
      return this.#tracer.wrap(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), baggage);
    }
    const known = (span as Keeping)[this.#key];
    if (known === undefined) return this.#found(span, baggage ?? NO_BAGGAGE);
    return baggage === undefined || known.carries(baggage) ? known : this.#view(known, baggage);
  }

  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R {
    const active = contextApi.active();
    if (span === undefined && this.others.serves(active)) return fn(...args);
    if (!this.#isChecked) this.#check();
    return contextApi.with(this.#containing(active, span), fn, undefined, ...args);
  }

  #containing(active: OtelContext, span: Span | undefined): OtelContext {
    if (span instanceof OpenTelemetrySpan) {
      if ((span.otelSpan as Keeping)[this.#key] === undefined) this.#keep(span.otelSpan, span);
      const { baggage, extracted } = span.context();
      return withBaggage(trace.setSpan(withExtracted(active, extracted), span.otelSpan), baggage);
    }
    const none = withExtracted(trace.deleteSpan(active), NOTHING_EXTRACTED);
    return span === undefined ? withBaggage(none.deleteValue(FOREIGN), NO_BAGGAGE) : none.setValue(FOREIGN, span);
  }

  #found(span: OtelSpan, baggage: Baggage): OpenTelemetrySpan {
    const found = this.#tracer.wrap(span, baggage);
    this.#keep(span, found);
    return found;
  }

  /** A span that cannot keep anything is wrapped anew each time. */
  #keep(otelSpan: OtelSpan, span: OpenTelemetrySpan): void {
    if (Object.isExtensible(otelSpan)) (otelSpan as Keeping)[this.#key] = span;
  }

  #view(known: OpenTelemetrySpan, baggage: Baggage): OpenTelemetrySpan {
    let views = this.#views.get(baggage);
    if (views === undefined) {
      views = new WeakMap();
      this.#views.set(baggage, views);
    }
    let view = views.get(known.otelSpan);
    if (view === undefined) {
      view = known.withBaggage(baggage);
      views.set(known.otelSpan, view);
    }
    return view;
  }

  /** Without a context manager `context.with` does nothing, and no span would have a parent. */
  #check(): void {
    this.#isChecked = true;
    const probe = ROOT_CONTEXT.setValue(FOREIGN, undefined);
    if (contextApi.with(probe, () => contextApi.active()) === probe) return;
    warn(
      "settings.ignored",
      "OpenTelemetry has no context manager, so no span is ever active: start its SDK, or call context.setGlobalContextManager()",
    );
  }
}
