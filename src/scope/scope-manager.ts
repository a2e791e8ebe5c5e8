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
  /** Set where the spans may be made by others too. */
  readonly others?: OtherInstrumentation | undefined;
}

/**
 * Other instrumentation that makes spans of the same requests by the same tracer: OpenTelemetry's, beside ours. Lets each request
 * have one. None of its methods throws, but what `fn` throws.
 */
export interface OtherInstrumentation {
  /** What its patch of `fn` calls, so that it sees nothing; `fn` where that is no patch of it. */
  beneath<F>(fn: F): F;
  /** Calls `fn(...args)` so that it makes no spans of what happens there. */
  without<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R;
  /**
   * Whether it has added trace headers of its own to a request of undici, whose span is its own then.
   *
   * @param headers names and values by turns, as undici has them
   */
  hasSent(headers: unknown): boolean;
  /** Whether a header that is being added to a request of ours, which has its trace headers, is a trace header of its own. */
  sends(name: string): boolean;
}

/** A span made active until `close`. `using scope = manager.enter(span)` closes it at the end of the block. */
export interface Scope {
  /** Makes what was active before active again. A second call does nothing. Never throws. */
  close(): void;
  [Symbol.dispose](): void;
}
