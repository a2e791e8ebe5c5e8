// The object an application holds: a tracer, what is active, and the policy by which requests become spans.

import type { EventEmitter } from "node:events";
import type { Span, Tracer } from "opentracing";
import { type BoundTracer, boundTo } from "./bindings/bound-tracer.ts";
import { cutPendingSpans } from "./clients/exchange.ts";
import { warn } from "./diagnostics.ts";
import { type TraceDecorator, traceDecorator } from "./hosts/traced-handler.ts";
import { spanOf } from "./hosts/traced-request.ts";
import { HTTP_OPTION_CHECKS, type HttpOptions, HttpTracing } from "./http/http-tracing.ts";
import { redactedError } from "./http/redacted-error.ts";
import type { Undo } from "./patch.ts";
import { flushAtExit } from "./report/exit-flush.ts";
import { AsyncScopeManager } from "./scope/async-scope-manager.ts";
import { bind } from "./scope/bind.ts";
import { bindEmitter } from "./scope/bind-emitter.ts";
import type { ScopeManager } from "./scope/scope-manager.ts";
import { type ActiveSpanOptions, startActiveSpan } from "./scope/start-active-span.ts";
import { checkOptions, isTracer } from "./settings.ts";
import { shared } from "./shared.ts";

export type TracingOptions = HttpOptions;

/** One for all, so that a span made active through one Tracing is seen by every other. */
const sharedScopeManager = shared("scope", () => new AsyncScopeManager());

/** Milliseconds that the end of the process may wait for the last spans. */
const EXIT_FLUSH_LIMIT = 2_000;

/** What `initTracing` hangs on a Tracing: something to take back at its close. */
interface Attachment {
  readonly close: () => void | Promise<void>;
}

/** Hangs something on a Tracing. For the files that wire this package, not for users. */
export let attach: (tracing: Tracing, attachment: Attachment) => void;

/** Traces single handlers, and the spans that you start. Nothing is patched. */
export class Tracing {
  /** The policy, for hosts and clients. */
  readonly http: HttpTracing;
  /** The options as they were given. */
  readonly options: TracingOptions;
  readonly #attachments: Attachment[] = [];
  readonly #bound: BoundTracer | undefined;
  #flushesAtExit = false;
  /** Errors as they may be logged: Node and undici quote URLs in their messages, secrets and all. */
  readonly #shown = (error: unknown): unknown => redactedError(error, this.http.redact);

  static {
    attach = (tracing, attachment) => tracing.#attachments.unshift(attachment);
  }

  /**
   * @param tracer any OpenTracing tracer; without one, the global one, looked up at each use
   * @throws TypeError where the tracer or an option is wrong, saying what to write instead
   */
  constructor(tracer?: Tracer, options: TracingOptions = {}) {
    const expected = tracer === undefined ? undefined : isTracer(tracer);
    if (expected !== undefined) throw new TypeError(`new ${new.target.name}(tracer): the tracer must be ${expected}`);
    checkOptions(`new ${new.target.name}(tracer, options)`, options, HTTP_OPTION_CHECKS);
    this.options = options;
    this.#bound = tracer && boundTo(tracer);
    this.http = new HttpTracing(
      tracer,
      options.scopeManager ?? this.#bound?.scopeManager ?? sharedScopeManager,
      options,
    );
    this.http.begun = (undo) => this.#begun(undo);
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

  /**
   * Runs `fn` in a new span, a child of the active one unless `options` say otherwise, and finishes it when `fn` is done:
   * on return, on throw, or when the promise that it returns settles. See `startActiveSpan` in `scope/`.
   */
  startActiveSpan<T>(name: string, fn: (span: Span) => T): T;
  startActiveSpan<T>(name: string, options: ActiveSpanOptions, fn: (span: Span) => T): T;
  startActiveSpan<T>(name: string, second: ActiveSpanOptions | ((span: Span) => T), third?: (span: Span) => T): T {
    // Untyped callers hand options on that they were not given.
    const [options, fn] = typeof second === "function" ? [{}, second] : [second ?? {}, third!];
    return startActiveSpan(this.http.tracer, this.http.scope, name, options, fn, this.#shown);
  }

  /** `fn`, run in `span` whoever calls it; without `span`, in the one that is active now. See `bind` in `scope/`. */
  bind<F extends (...args: never[]) => unknown>(fn: F, ...span: [span?: Span | undefined]): F {
    return bind(this.http.scope, fn, ...span);
  }

  /** Runs the listeners that `emitter` gets from now on in the right span. See `bindEmitter` in `scope/`. */
  bindEmitter(emitter: EventEmitter, ...span: [span?: Span | undefined]): Undo {
    return bindEmitter(this.http.scope, emitter, ...span);
  }

  /**
   * Sends what has finished. A client span whose answer nobody has read yet has not: `close` ends it. Resolves when all is
   * sent, or after `timeLimit` milliseconds, if given. Never rejects. Tracers without a `flush` of their own are left alone, and so
   * is the global tracer of `new Tracing()`, which OpenTracing's API cannot flush: flush yours.
   */
  async flush(timeLimit?: number): Promise<void> {
    const flushed = this.#bound ?? (this.tracer as { flush?: (timeLimit?: number) => Promise<void> });
    if (typeof flushed.flush !== "function") return;
    try {
      await flushed.flush(timeLimit);
    } catch (error) {
      warn("tracer.error", "the tracer failed to flush", error);
    }
  }

  /**
   * Takes back every patch that `initTracing`, `initClientTracing` or `traceServer` made for this object, and sends what is left. A tracer
   * that was made by us is closed too; one that you brought is flushed, and stays open. Never rejects. A second call only
   * flushes. The patches are gone, and `initTracing` can be called again, as soon as this returns.
   */
  async close(): Promise<void> {
    const attachments = this.#attachments.splice(0);
    this.#flushesAtExit = false;
    await Promise.all(attachments.map(({ close }) => close()));
    await this.flush();
  }

  /** Something begins to trace for this object: from now on the last spans are sent when the process ends. */
  #begun(undo: Undo | undefined): void {
    if (undo !== undefined) attach(this, { close: undo });
    if (this.#flushesAtExit || !(this.#bound !== undefined || "flush" in this.tracer)) return;
    this.#flushesAtExit = true;
    const undoFlush = flushAtExit((timeLimit, isEnd) => {
      // An application that listens for the signal goes on with what it is reading.
      if (isEnd) cutPendingSpans();
      return this.flush(timeLimit);
    }, EXIT_FLUSH_LIMIT);
    attach(this, { close: undoFlush });
  }
}
