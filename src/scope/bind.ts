// Ties a function to a span, for callbacks that are called from somewhere else than they were made.

import type { Span } from "opentracing";
import type { ScopeManager } from "./scope-manager.ts";

/**
 * A function that calls `fn` with `span` active, whoever calls it and whenever. Without `span`: the one that is active
 * now. With `undefined`, as in `scope.run(undefined, fn)`: with no active span. `this`, arguments, return value, errors,
 * `length` and `name` are those of `fn`. Binding what is bound already changes nothing: the first binding counts.
 *
 * Needed where work is queued and a long-lived worker takes it up; not for promises, timers, and callbacks of Node's own
 * modules, which keep the active span by themselves. Not for constructors.
 */
export function bind<F extends (...args: never[]) => unknown>(
  scope: ScopeManager,
  fn: F,
  ...span: [span?: Span | undefined]
): F {
  return bindTo(scope, fn, span.length === 0 ? scope.active() : span[0]);
}

/** The same with the span spelled out. */
export function bindTo<F extends (...args: never[]) => unknown>(scope: ScopeManager, fn: F, span: Span | undefined): F {
  if (typeof fn !== "function") throw new TypeError("bind(fn): fn must be a function");
  const target: (...args: unknown[]) => unknown = fn as never;
  function bound(this: unknown): unknown {
    return scope.run(span, apply, target, this, arguments);
  }
  Object.defineProperties(bound, {
    length: { value: fn.length, configurable: true },
    name: { value: fn.name, configurable: true },
  });
  return bound as unknown as F;
}

function apply(fn: (...args: unknown[]) => unknown, self: unknown, args: ArrayLike<unknown>): unknown {
  return Reflect.apply(fn, self, args);
}
