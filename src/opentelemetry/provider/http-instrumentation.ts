// OpenTelemetry's instrumentations of HTTP, where our own trace the same requests: one span a request, and that is ours.

import {
  type Span as ApiSpan,
  type SpanOptions as ApiSpanOptions,
  type Context,
  context as contextApi,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "../../report/reporter.ts";
import { HTTP, noteDoubled, UNDICI } from "../doubled.ts";
import { PassedSpan } from "./passed-span.ts";
import { ProviderTracer, type Registration } from "./tracer.ts";

/** Whether incoming and outgoing requests have spans of ours. */
export interface Traced {
  readonly incoming: boolean;
  readonly outgoing: boolean;
}

/**
 * The instrumentations that make a span for what `initTracing` traces: a server's or client's request as a whole. Those of
 * frameworks make spans below that, for routes and middleware, and stay.
 */
const NAMES: ReadonlySet<string> = new Set([HTTP, UNDICI, "opentelemetry-instrumentation-fetch-node"]);

export function isHttpInstrumentation(name: string): boolean {
  return NAMES.has(name);
}

/** Makes spans that record nothing of the requests that are traced already, and others as any tracer does. */
export class HttpInstrumentationTracer extends ProviderTracer {
  readonly #registration: Registration;
  readonly #name: string;
  readonly #traced: () => Traced;

  constructor(registration: Registration, scope: InstrumentationScope, traced: () => Traced) {
    super(registration, scope);
    this.#registration = registration;
    this.#name = scope.name;
    this.#traced = traced;
  }

  override startSpan(name: string, options?: ApiSpanOptions, context: Context = contextApi.active()): ApiSpan {
    const isLeftOut = this.#registration.tracer !== undefined && this.#isTraced(options?.kind);
    if (!isLeftOut) return super.startSpan(name, options, context);
    noteDoubled(this.#name);
    // A server's: our span of the request is active already, or begins within. The instrumentation's own context is the caller's.
    const isServers = options?.kind === SpanKind.SERVER;
    const around = isServers ? trace.getSpan(contextApi.active()) : undefined;
    return new PassedSpan(around ?? trace.getSpan(context), isServers);
  }

  #isTraced(kind: SpanKind | undefined): boolean {
    if (kind === SpanKind.SERVER) return this.#traced().incoming;
    return kind === SpanKind.CLIENT && this.#traced().outgoing;
  }
}
