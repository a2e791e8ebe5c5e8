// What a binding answers: a tracer, and what it takes to live with it.

import { Span, type Tracer } from "opentracing";
import type { ScopeManager } from "../scope/scope-manager.ts";
import { shared } from "../shared.ts";

export interface BoundTracer {
  readonly tracer: Tracer;
  /** What its spans answer when they are asked for their tracer, where that is another. */
  readonly inner?: Tracer | undefined;
  /** The tracer's own notion of the active span; undefined where it has none. */
  readonly scopeManager?: ScopeManager | undefined;
  /** Resolves when what has finished is sent or given up, or after `timeLimit` milliseconds. Without timers where nothing waits. */
  flush(timeLimit?: number): Promise<void>;
  /** Flushes, and releases what can be released. `flush` may still be called. */
  close(): Promise<void>;
}

/** What a binding is asked for. */
export interface Asked {
  /** `tracerParameters` as they were given. */
  readonly parameters: object | readonly unknown[] | undefined;
  /** What this service is called by a setting: wins over what the tracer reads from the environment itself. */
  readonly serviceName: string | undefined;
  /** What it is called without one: OTEL_SERVICE_NAME, else `unknown_service:node`. */
  readonly defaultName: string;
}

/**
 * Makes a tracer, once.
 *
 * @throws TypeError for wrong parameters, saying what to write instead
 * @throws Error where the tracer's package is not installed, saying what to install
 */
export type Binding = (asked: Asked) => BoundTracer;

/** All that were bound, by their tracers: whoever is handed such a tracer finds out how to flush it and what is active. */
const bound: WeakMap<Tracer, BoundTracer> = shared("bound", () => new WeakMap());

/** Notes it, and answers its tracer. */
export function noteBound(one: BoundTracer): Tracer {
  bound.set(one.tracer, one);
  if (one.inner !== undefined) bound.set(one.inner, one);
  return one.tracer;
}

/** What is known of a tracer; undefined for one that no binding made. */
export function boundTo(tracer: Tracer): BoundTracer | undefined {
  return bound.get(tracer);
}

/** What a span answers whose class does not say which tracer made it. */
const UNKNOWN_TRACER = new Span().tracer();

/** The tracer of a span, so that a child goes where its parent goes, whoever traces that; undefined where the span does not say. */
export function tracerOf(span: Span | undefined): Tracer | undefined {
  try {
    const tracer = span?.tracer();
    if (tracer === undefined || tracer === UNKNOWN_TRACER) return undefined;
    return boundTo(tracer)?.tracer ?? tracer;
  } catch {
    return undefined;
  }
}
