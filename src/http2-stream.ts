// Which side closed an HTTP/2 stream: Node does not tell, so streams note when it was this one.

import { patch, type Undo, undoAll } from "./patch.ts";

/** What of Node's Http2Stream is read here. */
interface Stream {
  readonly closed: boolean;
  readonly session: Session | undefined;
}

interface Session {
  readonly destroyed: boolean;
  readonly socket: { readonly destroyed: boolean; readonly bytesRead: number; readonly bytesWritten: number };
}

/** The stream's, the session's `close` or `destroy` was called; a session's because of the time-out that passed before. */
export type ClosedBy = "stream" | "session" | "timeout";

const CLOSED: unique symbol = Symbol("node-opentracing.closed-by");
const TIMED_OUT: unique symbol = Symbol("node-opentracing.timed-out");

type MarkedStream = Stream & { [CLOSED]?: ClosedBy };
type MarkedSession = Session & { [TIMED_OUT]?: number };
type Closing = {
  close: (this: MarkedStream, ...args: unknown[]) => void;
  _destroy: (this: MarkedStream, ...args: unknown[]) => void;
};

/** RFC 9113, section 7. */
const CANCEL = 8;

let users = 0;
let unpatch: Undo | undefined;

/** From now on all streams note who closed them, once `noteCloses` was shown one. The answer takes that back. */
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

/**
 * Sees to it that a stream notes who closes it. By its prototype, for `node:http2` exports none of its classes; without
 * `watchCloses` it is this stream alone that is patched.
 */
export function noteCloses(stream: object): void {
  if (users === 0) patchCloses(stream as Closing);
  else unpatch ??= patchCloses(prototypeOf(stream));
}

/** By whose hand on this side a stream was closed; undefined where it ended by itself, or by the peer or the network. */
export function closedBy(stream: object): ClosedBy | undefined {
  return (stream as MarkedStream)[CLOSED];
}

/** Notes that a session was idle for too long. If it is destroyed before anything moves again, that was why. */
export function noteSessionTimeout(session: object): void {
  (session as MarkedSession)[TIMED_OUT] = traffic(session as Session);
}

function prototypeOf(stream: object): Closing | undefined {
  let prototype = Object.getPrototypeOf(stream);
  while (prototype !== null && !Object.hasOwn(prototype, "rstCode")) prototype = Object.getPrototypeOf(prototype);
  return prototype ?? undefined;
}

function patchCloses(target: Closing | undefined): Undo {
  if (typeof target?.close !== "function" || typeof target._destroy !== "function") return () => {};
  const { close, _destroy: destroy } = target;
  return undoAll([
    patch(target, "close", function tracedClose(code) {
      // Node calls this itself for every stream of a connection that closed.
      if (!this.closed && !(code === CANCEL && isDisconnected(this))) this[CLOSED] ??= "stream";
      return Reflect.apply(close, this, arguments);
    }),
    patch(target, "_destroy", function tracedDestroy(error) {
      // What was closed before is destroyed by Node, and with an error so are all streams of a session that fails.
      if (!this.closed) {
        if (this.session?.destroyed === false) this[CLOSED] ??= "stream";
        else if (!error) this[CLOSED] ??= isTimedOut(this.session) ? "timeout" : "session";
      }
      return Reflect.apply(destroy, this, arguments);
    }),
  ]);
}

function isDisconnected({ session }: Stream): boolean {
  try {
    return session === undefined || session.destroyed || session.socket.destroyed;
  } catch {
    return true; // a session that has lost its socket throws
  }
}

function isTimedOut(session: MarkedSession | undefined): boolean {
  return session?.[TIMED_OUT] !== undefined && session[TIMED_OUT] === traffic(session);
}

function traffic({ socket }: Session): number {
  try {
    return socket.bytesRead + socket.bytesWritten;
  } catch {
    return -1; // a session that has lost its socket throws
  }
}
