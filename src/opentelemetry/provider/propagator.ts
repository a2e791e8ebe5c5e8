// Our header formats as OpenTelemetry's global propagator.

import {
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { count } from "../../diagnostics.ts";
import { hasIds } from "../../trace-context.ts";
import { SpanContext } from "../../tracer/span-context.ts";
import type { Tracer } from "../../tracer/tracer.ts";
import { isSuppressed } from "../suppression.ts";
import { apiBaggage } from "./baggage.ts";
import { BilingualSpan } from "./bilingual-span.ts";
import { ownSpanOf, withDecision } from "./own-span.ts";
import { PassedSpan } from "./passed-span.ts";

/** Neither method throws, whatever carriers, getters and setters do: that is counted `propagation.carrier`. */
export class OpenTelemetryPropagator implements TextMapPropagator<unknown> {
  readonly #tracer: Tracer;
  readonly #names: string[];

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
    this.#names = [...tracer.headerNames];
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (isSuppressed(context) || trace.getSpan(context) instanceof PassedSpan) return;
    const span = ownSpanOf(context, this.#tracer);
    if (span === undefined) return;
    const headers: Record<string, string> = {};
    this.#tracer.inject(span.context(), FORMAT_HTTP_HEADERS, headers);
    try {
      for (const name in headers) setter.set(carrier, name, headers[name]!);
    } catch (error) {
      count("propagation.carrier", 1, "a setter threw", error);
    }
  }

  /** The context as it is where the carrier says nothing that is valid. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const found = this.#tracer.extract(FORMAT_HTTP_HEADERS, this.#headersOf(carrier, getter));
    if (!(found instanceof SpanContext)) return context;
    const baggage = apiBaggage(found.baggage);
    const withBaggage = baggage === undefined ? context : propagation.setBaggage(context, baggage);
    if (!hasIds(found)) return withDecision(withBaggage, found);
    return trace.setSpan(withBaggage, new BilingualSpan(this.#tracer, found, undefined));
  }

  /** The same array each time. */
  fields(): string[] {
    return this.#names;
  }

  /** All that a carrier has, for some formats have headers of any name. */
  #headersOf(carrier: unknown, getter: TextMapGetter): object {
    const headers: Record<string, unknown> = Object.create(null);
    try {
      for (const name of this.#names) headers[name] = getter.get(carrier, name);
      for (const name of getter.keys(carrier)) headers[name] ??= getter.get(carrier, name);
    } catch (error) {
      count("propagation.carrier", 1, "a getter threw", error);
    }
    return headers;
  }
}
