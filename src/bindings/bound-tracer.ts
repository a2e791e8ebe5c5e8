// What a binding answers: a tracer, and what it takes to live with it.

import type { Tracer } from "opentracing";
import type { ScopeManager } from "../scope/scope-manager.ts";
import { shared } from "../shared.ts";

export interface BoundTracer {
  readonly tracer: Tracer;
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
  return one.tracer;
}

/** What is known of a tracer; undefined for one that no binding made. */
export function boundTo(tracer: Tracer): BoundTracer | undefined {
  return bound.get(tracer);
}
