// The object an application holds: a tracer, what is active, and the policy by which requests become spans.

import type { Span, SpanOptions, Tracer } from "opentracing";
import { spanOf } from "./hosts/request-span.ts";
import { type TraceDecorator, traceDecorator } from "./hosts/traced-handler.ts";
import { HTTP_OPTION_CHECKS, type HttpOptions, HttpTracing } from "./http/http-tracing.ts";
import { AsyncScopeManager } from "./scope/async-scope-manager.ts";
import type { ScopeManager } from "./scope/scope-manager.ts";
import { startActiveSpan } from "./scope/start-active-span.ts";
import { checkOptions, hasMethods } from "./settings.ts";

export type TracingOptions = HttpOptions;

const isTracer = hasMethods("an OpenTracing tracer", "startSpan", "inject", "extract");
/** One for all, so that a span made active through one Tracing is seen by every other. */
const sharedScopeManager = new AsyncScopeManager();

/** Traces single handlers, and the spans that you start. Nothing is patched. */
export class Tracing {
  /** The policy, for hosts and clients. */
  readonly http: HttpTracing;

  /**
   * @param tracer any OpenTracing tracer; without one, the global one, looked up at each use
   * @throws TypeError where the tracer or an option is wrong, saying what to write instead
   */
  constructor(tracer?: Tracer, options: TracingOptions = {}) {
    const expected = tracer === undefined ? undefined : isTracer(tracer);
    if (expected !== undefined) throw new TypeError(`new Tracing(tracer): the tracer must be ${expected}`);
    checkOptions("new Tracing(tracer, options)", options, HTTP_OPTION_CHECKS);
    this.http = new HttpTracing(tracer, options.scopeManager ?? sharedScopeManager, options);
  }

  get tracer(): Tracer {
    return this.http.tracer;
  }

  get scopeManager(): ScopeManager {
    return this.http.scope;
  }

  /** The span that is active in the running call chain. */
  activeSpan(): Span | undefined {
    return this.http.scope.active();
  }

  /**
   * The span of a request that is being served, by its request or its response object; undefined where it is not traced.
   */
  getSpan(requestOrResponse: object): Span | undefined {
    return spanOf(requestOrResponse);
  }

  /**
   * Traces one handler: `tracing.trace("method", "url")(handler)`, or `@tracing.trace("url")` in front of a method, be it
   * a standard decorator or TypeScript's older kind. The arguments are properties of the request to copy to tags, or one
   * array of them. See `traceDecorator` in `hosts/` for how long the span lasts.
   *
   * @throws TypeError where an attribute is no text, saying what to write instead
   */
  trace(...attributes: string[] | [readonly string[]]): TraceDecorator {
    return traceDecorator(this.http, attributes);
  }

  /** Runs `fn` in a new span, a child of the active one. See `startActiveSpan` in `scope/`. */
  startActiveSpan<T>(name: string, fn: (span: Span) => T): T;
  startActiveSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T;
  startActiveSpan<T>(name: string, second: SpanOptions | ((span: Span) => T), third?: (span: Span) => T): T {
    const [options, fn] = typeof second === "function" ? [{}, second] : [second, third!];
    return startActiveSpan(this.http.tracer, this.http.scope, name, options, fn);
  }
}
