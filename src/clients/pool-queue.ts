// Tells whether undici is making a request that waited in a pool: then the running context is that of another.

/** From a listener of ours to the pool's function; interceptors may stand between. */
const FRAMES = 24;

/**
 * Whether the call stack says so. To be called in a listener of `undici:request:create`. Pools of undici 6 and 7 send what
 * waited in the context of whichever request made room; undici 8 remembers that of the caller. There is no other sign.
 * Costs some microseconds, so ask only where the answer matters.
 */
export function isFromPoolQueue(): boolean {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_, sites) => sites; // no text, no source maps, nobody else's format
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, isFromPoolQueue);
    return isDrain(holder.stack as readonly NodeJS.CallSite[]);
  } catch {
    return true; // intrinsics are frozen: never the wrong parent
  } finally {
    restore(stackTraceLimit, prepareStackTrace);
  }
}

function isDrain(sites: readonly NodeJS.CallSite[]): boolean {
  for (const site of sites) {
    const name = site.getFunctionName();
    if (name === "runInAsyncScope") return false;
    if (name === "onDrain" || name === "[onDrain]") return true;
  }
  return false;
}

function restore(limit: number, prepare: typeof Error.prepareStackTrace): void {
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  } catch {
    // frozen: nothing was changed
  }
}
