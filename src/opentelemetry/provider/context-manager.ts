// OpenTelemetry's context manager over our scope: one active span for both.

import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import {
  type Span as ApiSpan,
  type Context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import type { Span as OpenTracingSpan } from "opentracing";
import { bindTo } from "../../scope/bind.ts";
import { bindEmitter } from "../../scope/bind-emitter.ts";
import type { ScopeManager } from "../../scope/scope-manager.ts";
import { type Baggage, hasIds } from "../../trace-context.ts";
import { Span } from "../../tracer/span.ts";
import type { Tracer } from "../../tracer/tracer.ts";
import { servedSpan } from "../served-span.ts";
import { isSuppressed } from "../suppression.ts";
import { apiBaggage, isSameBaggage, ownBaggage } from "./baggage.ts";
import { apiSpanOf, ownSpanOf } from "./own-span.ts";
import { PassedSpan } from "./passed-span.ts";

/** A context that was made active, and what our scope had to say the same. */
interface Frame {
  readonly context: Context;
  readonly span: Span | undefined;
  readonly baggage: Baggage | undefined;
  readonly isSuppressed: boolean;
  /** Whether an HTTP instrumentation made it for a request that has just come in. */
  readonly isRequest: boolean;
}

const ROOT: Frame = {
  context: ROOT_CONTEXT,
  span: undefined,
  baggage: undefined,
  isSuppressed: false,
  isRequest: false,
};

/** What `active` answered for a span: asked again in the same place, it answers the same. */
interface Derived {
  readonly frame: Frame;
  readonly baggage: Baggage | undefined;
  readonly context: Context;
}

/**
 * Contexts have a storage of their own, beside that of our scope, which thereby costs what it costs without them, and may be
 * of any kind. `with` sets both. Where our scope has since been given another span, the active context is the one that was set,
 * with that span and its baggage in it.
 */
export class OpenTelemetryContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Frame>();
  readonly #scope: ScopeManager;
  readonly #tracer: Tracer;
  readonly #derived = new WeakMap<Span, Derived>();
  /** Spans of requests that HTTP instrumentations serve, and that have begun. */
  readonly #served = new WeakSet<ApiSpan>();
  /** False once somebody has called `context.disable()`. */
  isEnabled = false;

  /** @param tracer whose spans stand for those of other providers */
  constructor(scope: ScopeManager, tracer: Tracer) {
    this.#scope = scope;
    this.#tracer = tracer;
  }

  active(): Context {
    const frame = this.#storage.getStore() ?? ROOT;
    const span = this.#scope.active();
    if (span === undefined) return frame.span === undefined ? frame.context : withoutSpan(frame.context);
    if (!(span instanceof Span)) return withoutSpan(frame.context);
    const { baggage } = span.context();
    if (span === frame.span && isSameBaggage(baggage, frame.baggage)) return frame.context;
    const known = this.#derived.get(span);
    if (known?.frame === frame && known.baggage === baggage) return known.context;
    const context = derivedContext(frame.context, span, baggage);
    this.#derived.set(span, { frame, baggage, context });
    return context;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const frame = this.#frameOf(context);
    return this.#storage.run(frame, run, this.#scope, frame.span, fn as never, thisArg, args) as ReturnType<F>;
  }

  /** A function that runs in `context`, or an emitter whose listeners from now on do. Anything else as it is. */
  bind<T>(context: Context, target: T): T {
    if (typeof target === "function") return bindTo(this.#contexts, target as never, context as never);
    if (!(target instanceof EventEmitter)) return target;
    // An HTTP instrumentation binds the request it was shown. Our span may begin only after it, and has its listeners without us.
    const frame = this.#storage.getStore();
    if (frame?.isRequest && context === frame.context) return target;
    bindEmitter(this.#contexts, target, context as never);
    return target;
  }

  enable(): this {
    this.isEnabled = true;
    return this;
  }

  disable(): this {
    this.isEnabled = false;
    return this;
  }

  /**
   * `scope.run` for a request that has just come in, without the context that was active where its server was made; with the one
   * that an HTTP instrumentation has just made for it, and its span where ours is none.
   */
  runRequest<A extends unknown[], R>(span: OpenTracingSpan | undefined, fn: (...args: A) => R, ...args: A): R {
    const frame = this.#storage.getStore();
    if (span === undefined && frame !== undefined && this.#isServedByOthers(frame)) return fn(...args);
    if (frame === undefined || frame === ROOT || frame.isRequest) return this.#scope.run(span, fn, ...args);
    return this.#storage.run(ROOT, () => this.#scope.run(span, fn, ...args));
  }

  /** Once a span: a server that is made within a request has nothing to do with that. */
  #isServedByOthers({ context }: Frame): boolean {
    const span = servedSpan(context);
    if (span === undefined || this.#served.has(span)) return false;
    this.#served.add(span);
    return true;
  }

  /** Whether nothing is to be traced in the running call chain. */
  isSuppressed(): boolean {
    return this.#storage.getStore()?.isSuppressed === true;
  }

  /** Contexts in the place of spans, for what binds. */
  readonly #contexts: ScopeManager = {
    active: () => this.active() as never,
    run: (context, fn, ...args) => this.with(context as never, fn as never, undefined, ...args) as never,
  };

  /** What is no context counts as the root's, as with OpenTelemetry's own manager. */
  #frameOf(given: Context | null | undefined): Frame {
    const whole = given ?? ROOT_CONTEXT;
    const span = trace.getSpan(whole);
    const context = span instanceof PassedSpan ? withoutPassed(whole, span.passed) : whole;
    return {
      context,
      span: ownSpanOf(context, this.#tracer),
      baggage: ownBaggage(propagation.getBaggage(context)),
      isSuppressed: isSuppressed(context),
      isRequest: span instanceof PassedSpan && span.isServers,
    };
  }
}

function run(scope: ScopeManager, span: Span | undefined, fn: never, thisArg: unknown, args: unknown[]): unknown {
  return scope.run(span, call, fn, thisArg, args);
}

function call(fn: (...args: unknown[]) => unknown, thisArg: unknown, args: unknown[]): unknown {
  return Reflect.apply(fn, thisArg, args);
}

function withoutPassed(context: Context, passed: ApiSpan | undefined): Context {
  return passed === undefined ? trace.deleteSpan(context) : trace.setSpan(context, passed);
}

function withoutSpan(context: Context): Context {
  return propagation.deleteBaggage(trace.deleteSpan(context));
}

function derivedContext(base: Context, span: Span, baggage: Baggage | undefined): Context {
  const context = hasIds(span.context()) ? trace.setSpan(base, apiSpanOf(span)) : trace.deleteSpan(base);
  const shown = apiBaggage(baggage);
  return shown === undefined ? propagation.deleteBaggage(context) : propagation.setBaggage(context, shown);
}
