// How a response ended: what a closed one of node:http, its request and its socket tell about it. HTTP/2 has http2/end.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Failure } from "../http/failure.ts";
import { streamFailureOf, streamStatusOf } from "./http2/end.ts";
import { streamOf } from "./http2/request.ts";

const TIMED_OUT: unique symbol = Symbol("node-opentracing.timed-out");
const REFUSED: unique symbol = Symbol("node-opentracing.refused");

const SERVED: unique symbol = Symbol("node-opentracing.served");

type Marked = Socket & { [TIMED_OUT]?: number; [REFUSED]?: Refusal; [SERVED]?: true };

/** Why Node gave a connection up, and with which status it told the client, if it could. */
interface Refusal {
  readonly error: Error & { code?: unknown };
  readonly statusCode: number | undefined;
}

/** Notes that the server emitted "timeout" for a socket, if it did; what becomes of that shows at the end. */
export function noteTimeout(socket: Marked | undefined): void {
  if (isMarkable(socket)) socket[TIMED_OUT] = traffic(socket);
}

/**
 * Notes that the server emitted "clientError" for a socket, if it did. `answers` says that Node itself answers, because
 * the application has no listener.
 */
export function noteClientError(socket: Marked | undefined, error: Refusal["error"], answers: boolean): void {
  if (!isMarkable(socket) || !(error instanceof Error)) return;
  // The first error is the reason, later ones its consequences.
  socket[REFUSED] ??= { error, statusCode: answers ? answerOf(socket, error) : undefined };
}

/** Whether it is a socket that can carry a mark: an application may emit a server's events with anything. */
function isMarkable(socket: Marked | undefined): socket is Marked {
  return socket instanceof Duplex && Object.isExtensible(socket);
}

/** What Node's response says of its head besides `headersSent`. */
type Written = {
  readonly _headerSent?: boolean;
  readonly _header?: string | null;
  readonly _contentLength?: number | null;
  readonly _sent100?: boolean;
};

/** The status that left for the client, undefined where none did. */
export function statusOf(response: ServerResponse): number | undefined {
  if (!(response instanceof ServerResponse)) {
    const stream = streamOf(response);
    if (stream !== undefined) return streamStatusOf(stream);
  }
  const { _headerSent: written = response.headersSent, _header: header } = response as Written;
  // Without a socket and unfinished, it waited behind another response: what it wrote never left.
  if (written && !(response.socket === null && !response.writableFinished)) {
    // `statusCode` can still be set then: an error handler's 500, and restify's 444 where the client has left.
    return statusIn(header ?? "") ?? response.statusCode;
  }
  return (response.req?.socket as Marked | null)?.[REFUSED]?.statusCode;
}

/** The status in a head as Node writes it: `HTTP/1.1 200 OK`. Three digits, for Node takes no other; read without a text of their own. */
function statusIn(head: string): number | undefined {
  const status = (head.charCodeAt(9) - ZERO) * 100 + (head.charCodeAt(10) - ZERO) * 10 + (head.charCodeAt(11) - ZERO);
  return status >= 100 && status <= 999 ? status : undefined;
}

const ZERO = 0x30;

/**
 * Why a closed response is not whole, undefined where it is. `closedAll`: whether the server's `closeAllConnections` was
 * called while the request was being served.
 */
export function failureOf(response: ServerResponse, closedAll: boolean): Failure | undefined {
  // Over HTTP/2 a response has no socket to look at once its stream is closed.
  const stream = response instanceof ServerResponse ? undefined : streamOf(response);
  if (stream !== undefined) return streamFailureOf(stream);
  const request = response.req as IncomingMessage | undefined;
  const socket = request?.socket as Marked | null | undefined;
  // Not node:http's own: a stand-in of a test library, or of an adapter for a serverless platform.
  if (!(response instanceof ServerResponse) || request === undefined || !isConnection(socket)) {
    // What a stand-in's response was ended with goes nowhere, and never "finishes".
    const isWhole = response.writableFinished || (response instanceof ServerResponse && response.writableEnded);
    return isWhole ? undefined : CLIENT_DISCONNECT;
  }
  const error = socket.errored as (Error & { code?: unknown; syscall?: unknown }) | null;
  // `writableFinished` alone is also true of a response that was ended on a dead socket; one that was sent is detached.
  if (response.writableFinished && response.socket === null && !error) {
    if (socket[SERVED] === undefined) socket[SERVED] = true;
    // Node 20 says "finished" when a response's last bytes are thrown away; of time-outs we know better.
    return socket.destroyed && timedOut(socket) ? TIMEOUT : undefined;
  }
  // Destroyed by the application, which takes the socket along. Where the socket's error is another, that was the first, and what
  // came to the response is its consequence.
  const isOwn = error ? error === response.errored : !(response.socket === null && socket.destroyed);
  if (response.errored && isOwn) return cut(response.errored);
  const refusal = socket[REFUSED]?.error;
  if (refusal !== undefined) return refused(refusal, request);
  if (error && error !== request.errored && typeof error.syscall === "string" && error.code !== "ECANCELED") {
    return { kind: "connection_reset", message: `the connection broke (${String(error.code)})` };
  }
  if (error && error.code !== "ECANCELED") return cut(error);
  // The socket's end was read: the client closed it.
  if (socket.readableEnded) {
    if (!request.complete) return REQUEST_ABORTED;
    return isAllSent(response, request.method, socket) ? undefined : CLIENT_DISCONNECT;
  }
  if (timedOut(socket)) return TIMEOUT;
  return closedAll ? SERVER_CLOSED : RESPONSE_CUT;
}

/** Whether it is a connection of a server: Node notes that on each. */
function isConnection(socket: Marked | null | undefined): socket is Marked {
  return socket instanceof Duplex && (socket as { server?: unknown }).server !== undefined;
}

/**
 * Whether all that Content-Length announced was sent, and only `end()` was still to come: the client has the whole then, and may
 * leave, before a stream of a file has seen its end. Known of a connection's first response alone, for Node counts bytes by connection,
 * and not behind early hints, whose bytes nothing tells.
 */
function isAllSent(response: ServerResponse, method: string | undefined, socket: Marked): boolean {
  const { _header: head, _contentLength: length, _sent100: isContinued } = response as Written;
  if (socket[SERVED] !== undefined || method === "HEAD" || typeof head !== "string" || !length) return false;
  const before = isContinued ? CONTINUE.length : 0;
  return socket.writableLength === 0 && socket.bytesWritten - before - head.length === length;
}

/** What Node writes in front of the head of a response, once, where the client waits for that with its body. */
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** Why an upgraded connection did not end well, undefined where it did. `statusCode` is the handshake's, if it was sent. */
export function upgradeFailureOf(socket: Socket, statusCode: number | undefined): Failure | undefined {
  const error = socket.errored as (Error & { code?: unknown; syscall?: unknown }) | null;
  if (error && typeof error.syscall === "string" && error.code !== "ECANCELED") {
    return { kind: "connection_reset", message: `the connection broke (${String(error.code)})` };
  }
  if (error && error.code !== "ECANCELED") return cut(error);
  if (statusCode !== undefined) return undefined;
  return socket.readableEnded ? CLIENT_DISCONNECT : RESPONSE_CUT;
}

const CLIENT_DISCONNECT: Failure = {
  kind: "client_disconnect",
  message: "the client closed the connection before the response was complete",
};
const REQUEST_ABORTED: Failure = {
  kind: "request_aborted",
  message: "the client closed the connection before its request was complete",
};
const TIMEOUT: Failure = { kind: "timeout", message: "the connection was idle for too long and was closed" };
const SERVER_CLOSED: Failure = {
  kind: "server_closed",
  message: "the server closed all its connections before the response was complete",
};
const RESPONSE_CUT: Failure = {
  kind: "response_cut",
  message: "the application destroyed the response or its connection before the response was complete",
};

function cut(error: unknown): Failure {
  return { ...RESPONSE_CUT, error };
}

function refused(error: Refusal["error"], request: IncomingMessage): Failure {
  const code = String(error.code);
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return { kind: "timeout", message: "the request was not complete within the server's requestTimeout" };
  }
  // The parser's way to say that the connection was closed in the middle of a request.
  if (code === "HPE_INVALID_EOF_STATE") return request.complete ? CLIENT_DISCONNECT : REQUEST_ABORTED;
  if (code.startsWith("HPE_")) {
    return { kind: "invalid_request", message: `the client sent what is not HTTP (${code})` };
  }
  return { kind: "connection_reset", message: `the connection broke (${code})` };
}

/** The status line that Node writes to the bare socket when a request turns bad under way, unless a response has begun. */
function answerOf(socket: Marked, error: Refusal["error"]): number | undefined {
  const current = (socket as { _httpMessage?: { _headerSent?: boolean } | null })._httpMessage;
  if (!socket.writable || current?._headerSent) return undefined;
  switch (error.code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 408;
    case "HPE_HEADER_OVERFLOW":
      return 431;
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413;
    case "HPE_INVALID_EOF_STATE":
      return undefined; // it is written, but the client has gone
    default:
      return String(error.code).startsWith("HPE_") ? 400 : undefined;
  }
}

/** Whether a time-out passed and nothing moved on the socket since. */
function timedOut(socket: Marked): boolean {
  return socket[TIMED_OUT] !== undefined && socket[TIMED_OUT] === traffic(socket);
}

function traffic(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten;
}
