// What "the active span" means: one small interface, so that a binding can bring its own.

import type { Span } from "opentracing";

/** Knows which span is active in the running call chain. */
export interface ScopeManager {
  /** The active span, or undefined. */
  active(): Span | undefined;
  /** Calls `fn(...args)` with `span` active in it and in everything it starts; undefined means no active span. */
  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R;
}
