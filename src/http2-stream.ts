// Which side closed an HTTP/2 stream: Node does not tell, so its streams note when it was this one.

import { patch, type Undo, undoAll } from "./patch.ts";

/** What of Node's Http2Stream is read here and by those who ask. */
export interface Http2Stream {
  readonly closed: boolean;
  readonly rstCode: number;
  readonly session: { readonly destroyed: boolean; readonly socket: { readonly destroyed: boolean } } | undefined;
}

/** The error codes of RFC 9113, section 7, that are not read as failures of their own. */
export const NO_ERROR = 0;
export const CANCEL = 8;

const HERE: unique symbol = Symbol("node-opentracing.closed-here");
type Marked = Http2Stream & { [HERE]?: boolean };
type Prototype = {
  close: (this: Marked, ...args: unknown[]) => void;
  _destroy: (this: Marked, ...args: unknown[]) => void;
};

let users = 0;
let unpatch: Undo | undefined;

/** From now on streams note who closed them: all, once `noteCloses` was shown one. The answer takes that back. */
export function watchCloses(): Undo {
  users++;
  let stopped = false;
  return function stop() {
    if (stopped) return;
    stopped = true;
    if (--users > 0) return;
    unpatch?.();
    unpatch = undefined;
  };
}

/** Shows a stream, by which the prototype of all is found: `node:http2` exports none of its classes. */
export function noteCloses(stream: object): void {
  if (unpatch === undefined && users > 0) unpatch = patched(stream);
}

/** Whether the application closed or destroyed the stream or its session, or a library for it; not the peer or the network. */
export function isClosedHere(stream: object): boolean {
  return (stream as Marked)[HERE] === true;
}

function patched(stream: object): Undo {
  let prototype = Object.getPrototypeOf(stream);
  while (prototype !== null && !Object.hasOwn(prototype, "rstCode")) prototype = Object.getPrototypeOf(prototype);
  if (typeof prototype?.close !== "function" || typeof prototype._destroy !== "function") return () => {};
  const target = prototype as Prototype;
  const { close, _destroy: destroy } = target;
  return undoAll([
    patch(target, "close", function tracedClose(code) {
      // Node calls this itself for every stream of a connection that closed.
      if (!this.closed && !(code === CANCEL && isDisconnected(this))) this[HERE] = true;
      return Reflect.apply(close, this, arguments);
    }),
    patch(target, "_destroy", function tracedDestroy(error) {
      // Node does this after a reset by the peer, and with an error to all streams of a session that fails.
      if (!this.closed && (!error || this.session?.destroyed === false)) this[HERE] = true;
      return Reflect.apply(destroy, this, arguments);
    }),
  ]);
}

function isDisconnected({ session }: Http2Stream): boolean {
  try {
    return session === undefined || session.destroyed || session.socket.destroyed;
  } catch {
    return true; // a session that has lost its socket throws
  }
}
