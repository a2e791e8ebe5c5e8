// Makes functions that users hand us safe to call inside a request.

import { type CounterName, warn } from "./diagnostics.ts";

/**
 * A function that calls `fn` and answers `fallback` where it throws. Errors, and rejections of a promise it returns, are
 * counted and warned about under `name`; `what` names the function in that warning.
 */
export function guard<A, B, R>(
  fn: (a: A, b: B) => R,
  fallback: R,
  what: string,
  name: CounterName = "callback.error",
): (a: A, b: B) => R {
  const failed = (error: unknown): void => warn(name, `${what} threw; tracing goes on without it`, error);
  return function guarded(a, b) {
    try {
      const result = fn(a, b);
      if (isThenable(result)) result.then(undefined, failed);
      return result;
    } catch (error) {
      failed(error);
      return fallback;
    }
  };
}

/** Whether `value` can be awaited. Never throws, whatever its `then` does when read. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
