// Marks what tracing does for itself, so that it is never traced.

import { shared } from "./shared.ts";

/** One for all copies of this package: the patches of one see the traffic of every other. */
const mark = shared("untraced", () => ({ depth: 0 }));

/**
 * Runs `fn` with the mark set. What is started in it synchronously (a request to the back end) is tracing's own traffic and
 * must become no span: client instrumentation asks `isUntraced()`. The mark does not reach into callbacks.
 */
export function untraced<T>(fn: () => T): T {
  mark.depth++;
  try {
    return fn();
  } finally {
    mark.depth--;
  }
}

/** Whether the running code is inside `untraced`. */
export function isUntraced(): boolean {
  return mark.depth > 0;
}
