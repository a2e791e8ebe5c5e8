// Runs a function in a span of its own.

import { Span, type SpanContext, type SpanOptions, type Tracer } from "opentracing";
import { warn } from "../diagnostics.ts";
import { followPromise, isPlainPromise } from "../follow-promise.ts";
import { isThenable } from "../guard.ts";
import { markFailed } from "../mark-failed.ts";
import { patch } from "../patch.ts";
import type { ScopeManager } from "./scope-manager.ts";

/** OpenTracing's span options, where `childOf: null` starts a new trace. */
export interface ActiveSpanOptions extends Omit<SpanOptions, "childOf"> {
  /** The parent. Left out or undefined: the active span, unless `references` name one. `null`: none. */
  readonly childOf?: Span | SpanContext | null | undefined;
}

/**
 * Calls `fn(span)` in a new span, and finishes that span exactly once, when `fn` is done:
 *
 * - on return, where `fn` returns no promise. The object of a generator is no promise: its body runs later, outside.
 * - on throw: the error is recorded and thrown on.
 * - when a native promise settles: a promise of the same type is returned, with the same value or error. An error that
 *   nobody handles is reported by Node once, as it would be otherwise.
 * - when a thenable settles, such as a query that starts when it is awaited. We never start it: the same object is
 *   returned, and the span ends when somebody awaits it and it settles. What nobody awaits does not end.
 *
 * Every error is recorded: tag `error`, log `{ event: "error", "error.object": error }`. A tracer or span that throws is
 * counted (`tracer.error`) and changes nothing for `fn`, which gets a span that does nothing if there is no better.
 *
 * @param shown what to log of an error, by default the error itself
 */
export function startActiveSpan<T>(
  tracer: Tracer,
  scope: ScopeManager,
  name: string,
  options: ActiveSpanOptions,
  fn: (span: Span) => T,
  shown: Shown = same,
): T {
  if (typeof fn !== "function") throw new TypeError("startActiveSpan(name, options?, fn): fn must be a function");
  // A copy also because tracers built on OpenTracing's base class write to the options they are given.
  const span = start(tracer, name, { ...options, childOf: parentOf(options, scope) });
  // Without a span of its own `fn` runs in the one that is active already.
  if (span === undefined) return fn(new Span());

  let result: T;
  try {
    result = scope.run(span, fn, span);
  } catch (error) {
    finishFailed(span, error, shown);
    throw error;
  }
  if (!isThenable(result)) {
    finish(span);
    return result;
  }
  if (!isPlainPromise(result)) return followThenable(span, scope, result, shown) as T;
  const ended = (): void => finish(span);
  return followPromise(result, ended, (error) => finishFailed(span, error, shown)) as T;
}

/** The error as it may be logged. Must not throw. */
type Shown = (error: unknown) => unknown;

function same(error: unknown): unknown {
  return error;
}

function parentOf({ childOf, references }: ActiveSpanOptions, scope: ScopeManager): Span | SpanContext | undefined {
  if (childOf === undefined && (references === undefined || references.length === 0)) return scope.active();
  return childOf ?? undefined;
}

function start(tracer: Tracer, name: string, options: SpanOptions): Span | undefined {
  try {
    const span = tracer.startSpan(name, options);
    if (typeof span?.finish === "function") return span;
    warn("tracer.error", "the tracer's startSpan answered no span; the function runs without one");
  } catch (error) {
    warn("tracer.error", "the tracer threw while starting a span; the function runs without one", error);
  }
  return undefined;
}

function finish(span: Span): void {
  try {
    span.finish();
  } catch (error) {
    warn("tracer.error", "the tracer threw while finishing a span", error);
  }
}

function finishFailed(span: Span, error: unknown, shown: Shown): void {
  try {
    markFailed(span, shown(error));
  } catch (tracerError) {
    warn("tracer.error", "the tracer threw while recording an error", tracerError);
  }
  finish(span);
}

type Settle = ((value: unknown) => unknown) | null | undefined;

/**
 * Listens in whenever somebody else calls `then`. What that starts, as in a query builder, runs in the span; the
 * callbacks handed to it run in what is active for their owner.
 */
function followThenable(
  span: Span,
  scope: ScopeManager,
  thenable: PromiseLike<unknown>,
  shown: Shown,
): PromiseLike<unknown> {
  const original = thenable.then;
  let open = true;

  function settled(failed: boolean, value: unknown): void {
    if (!open) return;
    open = false;
    undo();
    if (failed) finishFailed(span, value, shown);
    else finish(span);
  }

  function then(this: PromiseLike<unknown>, onValue: Settle, onError: Settle): unknown {
    if (!open) return original.call(this, onValue, onError);
    const owner = scope.active();
    const value = (result: unknown): unknown => {
      settled(false, result);
      return typeof onValue === "function" ? scope.run(owner, onValue, result) : result;
    };
    const failure = (error: unknown): unknown => {
      settled(true, error);
      if (typeof onError === "function") return scope.run(owner, onError, error);
      throw error;
    };
    try {
      return scope.run(span, callThen, original, this, value, failure);
    } catch (error) {
      settled(true, error);
      throw error;
    }
  }

  let undo = (): void => {};
  try {
    undo = patch(thenable, "then", then as PromiseLike<unknown>["then"]);
  } catch {
    // A frozen thenable shows nobody when it settles.
    settled(false, undefined);
  }
  return thenable;
}

function callThen(original: PromiseLike<unknown>["then"], self: unknown, value: Settle, failure: Settle): unknown {
  return original.call(self as PromiseLike<unknown>, value as never, failure as never);
}
