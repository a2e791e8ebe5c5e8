// What "the active span" means: one small interface, so that a binding can bring its own.

import type { Span } from "opentracing";

/**
 * Knows which span is active in the running call chain. These two methods are all that the rest needs: `bind`,
 * `bindEmitter` and `startActiveSpan` work over any scope manager.
 */
export interface ScopeManager {
  /** The active span, or undefined. Must not throw. */
  active(): Span | undefined;
  /**
   * Calls `fn(...args)` once, with `span` active in it and in everything it starts; undefined means no active span.
   * Answers what `fn` answers and throws what `fn` throws, nothing else.
   */
  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R;
}

/** A span made active until `close`. `using scope = manager.enter(span)` closes it at the end of the block. */
export interface Scope {
  /** Makes what was active before active again. A second call does nothing. Never throws. */
  close(): void;
  [Symbol.dispose](): void;
}
