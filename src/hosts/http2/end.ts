// How an HTTP/2 stream ended: what a closed stream tells about the response that it carried.

import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { Failure } from "../../http/failure.ts";
import { closedBy, noteCloses } from "../../http2-stream.ts";
import { listen } from "../../listen.ts";

const WATCHED: unique symbol = Symbol("node-opentracing.watched");
const LEFT: unique symbol = Symbol("node-opentracing.left");
type Stream = ServerHttp2Stream & { [WATCHED]?: Watched };
type Session = Http2Session & { [LEFT]?: boolean };

/** What a closed stream no longer tells. */
interface Watched {
  readonly session: Session | undefined;
  readonly isTunnel: boolean;
  isUploading: boolean;
}

/** To be called with every stream whose end is to be judged, when it comes. `isTunnel`: whether the method is CONNECT. */
export function watchStream(stream: Stream, isTunnel: boolean, onClose: (this: object) => void): void {
  const session = stream.session as Session | undefined;
  stream[WATCHED] = { session, isTunnel, isUploading: false };
  noteCloses(stream);
  listen(stream as Emitter, "close", onClose);
  if (!stream.endAfterHeaders) listen(stream as Emitter, "aborted", onAborted);
  if (session === undefined || session[LEFT] !== undefined) return;
  session[LEFT] = false;
  listen(session as Emitter, "goaway", onGoaway);
}

type Emitter = { on(event: string | symbol, listener: (...args: never[]) => void): unknown };

/** At this point, and no later, what was received tells whether it was all. */
function onAborted(this: Stream): void {
  const { _readableState: state } = this as { _readableState?: { readonly ended?: boolean } };
  this[WATCHED]!.isUploading = state?.ended === false;
}

function onGoaway(this: Session, code: number): void {
  if (code !== 0) this[LEFT] = true;
}

/** The status that was sent, undefined where none was. */
export function streamStatusOf(stream: ServerHttp2Stream): number | undefined {
  const status = stream.headersSent ? stream.sentHeaders?.[":status"] : undefined;
  return status === undefined ? undefined : Number(status);
}

/** Why a closed stream's response is not whole, undefined where it is. */
export function streamFailureOf(stream: Stream): Failure | undefined {
  if (isWhole(stream)) return undefined;
  const error = stream.errored as StreamError | null;
  if (error) return failureBy(error, stream);
  // A tunnel, or another protocol, that either side closed.
  if (stream[WATCHED]?.isTunnel && (streamStatusOf(stream) ?? 500) < 300) return undefined;
  switch (closedBy(stream)) {
    case "timeout":
      return TIMEOUT;
    case "session":
      return SERVER_CLOSED;
    case "stream":
      return RESPONSE_CUT;
    default:
      return left(stream);
  }
}

function isWhole(stream: Stream): boolean {
  // What is closed before its end Node ends too, but it is aborted then, or reset. "finish" comes late, or never, where the
  // client has ended its side first.
  if (!stream.headersSent || stream.aborted || stream.rstCode !== 0 || !stream.writableEnded) return false;
  return stream.writableFinished || closedBy(stream) === undefined;
}

type StreamError = Error & { readonly code?: unknown; readonly syscall?: unknown };

function failureBy(error: StreamError, stream: Stream): Failure {
  const code = String(error.code);
  // A RST_STREAM frame and a GOAWAY frame with an error code, either side's.
  if (code === "ERR_HTTP2_STREAM_ERROR") {
    return { ...(closedBy(stream) === undefined ? left(stream) : RESPONSE_CUT), error };
  }
  if (code === "ERR_HTTP2_SESSION_ERROR") {
    return { ...(stream[WATCHED]?.session?.[LEFT] ? left(stream) : SERVER_CLOSED), error };
  }
  if (typeof error.syscall === "string" && code !== "ECANCELED") {
    return { kind: "connection_reset", message: `the connection broke (${code})` };
  }
  if (code === "ERR_HTTP2_ERROR" || code.startsWith("ERR_HTTP2_TOO_MANY")) {
    return { kind: "invalid_request", message: "the client sent what is not HTTP/2", error };
  }
  return { ...RESPONSE_CUT, error };
}

function left(stream: Stream): Failure {
  return stream[WATCHED]?.isUploading ? REQUEST_ABORTED : CLIENT_DISCONNECT;
}

const CLIENT_DISCONNECT: Failure = {
  kind: "client_disconnect",
  message: "the client closed the stream or the connection before the response was complete",
};
const REQUEST_ABORTED: Failure = {
  kind: "request_aborted",
  message: "the client closed the stream or the connection before its request was complete",
};
const TIMEOUT: Failure = { kind: "timeout", message: "the session was idle for too long and was closed" };
const SERVER_CLOSED: Failure = {
  kind: "server_closed",
  message: "the application destroyed the session before the response was complete",
};
const RESPONSE_CUT: Failure = {
  kind: "response_cut",
  message: "the application destroyed the stream before the response was complete",
};
