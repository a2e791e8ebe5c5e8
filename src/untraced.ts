// Marks what tracing does for itself, so that it is never traced.

import { shared } from "./shared.ts";

/** One for all copies of this package: the patches of one see the traffic of every other. */
const mark: { depth: number; readonly others: (() => boolean)[] } = shared("untraced", () => ({
  depth: 0,
  others: [],
}));

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

/** Runs a function so that others make no spans of it. Undefined where there are none. */
let silence: (<T>(fn: () => T) => T) | undefined;

/**
 * `untraced` for a request of tracing's own, none of whose consequences is to be traced by anybody: look-ups, connections,
 * callbacks.
 */
export function ownRequest<T>(send: () => T): T {
  return silence === undefined ? untraced(send) : silence(() => untraced(send));
}

/** Says what silences others that get their spans from us, from now on; undefined for nothing. Must not throw. */
export function silenceBy(run: typeof silence): void {
  silence = run;
}

/** Whether the running code is inside `untraced`, or what `untracedWhere` was told says so. */
export function isUntraced(): boolean {
  return mark.depth > 0 || (mark.others.length > 0 && mark.others.some(isTrue));
}

/**
 * Says of what else to ask whether the running code is tracing's own: of another tracer's mark. `isOwn` is called for each
 * outgoing request from now on, and must not throw.
 */
export function untracedWhere(isOwn: () => boolean): void {
  mark.others.push(isOwn);
}

function isTrue(ask: () => boolean): boolean {
  return ask();
}
