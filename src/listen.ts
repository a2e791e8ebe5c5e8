// Listens on objects of the application without taking one of the places that its own listeners have.

type Listener = (...args: never[]) => void;

/** What an emitter must have: Node's, and the stand-ins of test libraries, which may lack the limit. */
interface Emitter {
  on(event: string | symbol, listener: Listener): unknown;
  prependListener?(event: string | symbol, listener: Listener): unknown;
  getMaxListeners?(): number;
  setMaxListeners?(limit: number): unknown;
}

/**
 * Adds a listener, and raises the limit beyond which Node warns of a leak by one, so that the application's own listeners
 * do not bring that warning sooner than without us. 0 and Infinity stand for no limit.
 */
export function listen(emitter: Emitter, event: string | symbol, listener: Listener): void {
  emitter.on(event, listener);
  raiseLimit(emitter);
}

/** The same before all listeners that there are by now, where the emitter can do that. */
export function listenFirst(emitter: Emitter, event: string | symbol, listener: Listener): void {
  if (emitter.prependListener === undefined) emitter.on(event, listener);
  else emitter.prependListener(event, listener);
  raiseLimit(emitter);
}

function raiseLimit(emitter: Emitter): void {
  const limit = emitter.getMaxListeners?.();
  if (limit !== undefined && limit > 0 && limit < Number.POSITIVE_INFINITY) emitter.setMaxListeners?.(limit + 1);
}
