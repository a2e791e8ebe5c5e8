// OpenTelemetry's Tracer over ours.

import {
  type Span as ApiSpan,
  type SpanOptions as ApiSpanOptions,
  type Tracer as ApiTracer,
  type Context,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  trace,
} from "@opentelemetry/api";
import type { SpanContext, SpanOptions } from "opentracing";
import type { InstrumentationScope } from "../../report/reporter.ts";
import type { Tracer } from "../../tracer/tracer.ts";
import { isSuppressed } from "../suppression.ts";
import { BilingualSpan } from "./bilingual-span.ts";
import { ownSpanOf } from "./own-span.ts";
import { millisecondsOf } from "./time.ts";

/** What all tracers ask for ours, for libraries keep theirs: undefined while none is registered. */
export interface Registration {
  tracer: Tracer | undefined;
}

/** The options of a start that has looked at its own context: what is active says nothing of it. */
export class ExplicitStart implements SpanOptions {
  readonly startTime: number | undefined;
  readonly childOf?: SpanContext;

  constructor(parent: SpanContext | undefined, startTime: number | undefined) {
    if (parent !== undefined) this.childOf = parent;
    this.startTime = startTime;
  }
}

/** Makes spans of one instrumentation scope, while a tracer is registered. In a context where tracing is suppressed they have no ids and record nothing. */
export class ProviderTracer implements ApiTracer {
  readonly #registration: Registration;
  readonly #scope: InstrumentationScope;

  constructor(registration: Registration, scope: InstrumentationScope) {
    this.#registration = registration;
    this.#scope = scope;
  }

  startSpan(name: string, options?: ApiSpanOptions, given?: Context): ApiSpan {
    const { tracer } = this.#registration;
    const context = given ?? contextApi.active();
    const around = options?.root === true ? trace.deleteSpan(context) : context;
    // As the API itself answers where nothing is registered.
    if (tracer === undefined) return trace.wrapSpanContext(trace.getSpanContext(around) ?? INVALID_SPAN_CONTEXT);
    if (isSuppressed(context)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const parent = ownSpanOf(around, tracer)?.context();
    const span = tracer.startSpan(name, new ExplicitStart(parent, millisecondsOf(options?.startTime)));
    if (!(span instanceof BilingualSpan)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    return span.begun(this.#scope, options?.kind, options?.attributes, options?.links);
  }

  startActiveSpan<F extends (span: ApiSpan) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: ApiSpan) => unknown>(name: string, options: ApiSpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: ApiSpan) => unknown>(
    name: string,
    options: ApiSpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const fn = rest.at(-1);
    // As OpenTelemetry's own tracers answer.
    if (typeof fn !== "function") return undefined;
    const options = rest.length > 1 ? (rest[0] as ApiSpanOptions) : undefined;
    const parent = (rest.length > 2 ? (rest[1] as Context) : undefined) ?? contextApi.active();
    const span = this.startSpan(name, options, parent);
    return contextApi.with(trace.setSpan(parent, span), fn as (span: ApiSpan) => unknown, undefined, span);
  }
}
