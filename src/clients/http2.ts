// Requests of node:http2: wraps `request` of every client session, reached by `http2.connect`.

import { errorMonitor } from "node:events";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { alike } from "../alike.ts";
import { ClientHandler } from "../http/client-handler.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { closedBy, noteCloses, watchCloses } from "../http2-stream.ts";
import { listen } from "../listen.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { isUntraced } from "../untraced.ts";
import { DESTROYED, Exchange, RESET, watchPending } from "./exchange.ts";
import { noteOpener, parentOf } from "./grpc-queue.ts";
import { originOf, targetOf, withHeaders } from "./http2-request.ts";
import { synced } from "./sync-exports.ts";

/**
 * Traces the requests of `http2.connect`'s sessions, those of gRPC among them, however they were imported. A session that
 * was opened before is traced from the next `http2.connect` on. A request's span is a child of the active span, but for gRPC's queue, and never
 * active itself. What a server pushes is part of a request and gets no span.
 */
export function traceHttp2Client(tracing: HttpTracing): Undo {
  const requests = new Http2Requests(new ClientHandler(tracing));
  return undoAll([watchPending(), watchCloses(), () => requests.stop(), synced(() => wrapConnect(requests))]);
}

type Connect = typeof http2.connect;
type Request = (this: Session, ...args: unknown[]) => ClientHttp2Stream;
type Session = ClientHttp2Session & { [ORIGIN]?: string; [CHECKED]?: boolean };
type Traced = { [EXCHANGE]: Exchange };
/** A session's origin; empty where its requests are traced as undici's. */
const ORIGIN: unique symbol = Symbol("node-opentracing.origin");
/** Whether it has been looked at since its first request. */
const CHECKED: unique symbol = Symbol("node-opentracing.checked");
const EXCHANGE: unique symbol = Symbol("node-opentracing.exchange");

/** The prototype of all client sessions, once one was seen: `node:http2` does not export it. */
let sessions: { request: Request } | undefined;
/** Whether a request is being made: a wrapper below ours makes the same one. */
let sending = false;

/** The wrapper of `request`, in place as long as its tracing lasts. */
class Http2Requests {
  readonly #handler: ClientHandler;
  #unwrap: Undo | undefined;
  #stopped = false;

  constructor(handler: ClientHandler) {
    this.#handler = handler;
    if (sessions !== undefined) this.#wrap(sessions);
  }

  /** A session was made, by these arguments of `connect`. */
  connected(session: Session, [authority, options]: readonly unknown[]): void {
    if (this.#stopped || typeof session?.request !== "function") return; // a stand-in from somebody's test
    try {
      session[ORIGIN] ??= originOf(authority, options);
      noteOpener(session, this.#handler.active());
    } catch {
      // A stand-in for `connect` may take what Node's does not: the session's socket tells.
    }
    if (this.#unwrap !== undefined || Object.hasOwn(session, "request")) return;
    sessions = Object.getPrototypeOf(session) as { request: Request };
    this.#wrap(sessions);
  }

  stop(): void {
    this.#stopped = true;
    this.#unwrap?.();
  }

  #wrap(target: { request: Request }): void {
    const original = target.request;
    const requests = this;
    this.#unwrap = patch(
      target,
      "request",
      alike(function request(this: Session, ...args: unknown[]) {
        if (requests.#stopped || sending || isUntraced()) return Reflect.apply(original, this, args);
        const origin = this[CHECKED] ? this[ORIGIN]! : checked(this);
        return origin === ""
          ? Reflect.apply(original, this, args)
          : traced(original, this, args, origin, requests.#handler);
      }, original),
    );
  }
}

function wrapConnect(requests: Http2Requests): Undo {
  const target = http2 as { connect: Connect };
  const original = target.connect;

  const connect = alike(
    function connect(this: unknown, ...args: unknown[]) {
      const session = Reflect.apply(original, this, args) as ClientHttp2Session;
      requests.connected(session, args);
      return session;
    } as Connect,
    original,
  );
  const promising = (original as { [promisify.custom]?: (...args: unknown[]) => Promise<ClientHttp2Session> })[
    promisify.custom
  ];
  if (typeof promising === "function") {
    const promised = alike(
      (...args: unknown[]) =>
        promising(...args).then((session) => {
          requests.connected(session, args);
          return session;
        }),
      promising,
    );
    Object.defineProperty(connect, promisify.custom, { value: promised });
  }
  return patch(target, "connect", connect);
}

function traced(
  original: Request,
  session: Session,
  args: unknown[],
  origin: string,
  handler: ClientHandler,
): ClientHttp2Stream {
  const { method, url, isTunnel } = targetOf(args[0], origin);
  const parent = parentOf(session, origin, args[0], handler.active());
  const span = handler.sending({ component: "node:http2", method, url, source: args[0] }, parent);
  if (span === undefined) return send(original, session, args);

  const exchange = new Exchange(handler, span);
  const headers = handler.maySend(url) ? withHeaders(args[0], handler.headers(span)) : undefined;
  let stream: ClientHttp2Stream & Partial<Traced>;
  try {
    stream = send(original, session, headers === undefined ? args : [headers, ...args.slice(1)]);
  } catch (error) {
    exchange.failed(error);
    throw error;
  }
  if (typeof stream?.on !== "function") {
    exchange.end(); // a stand-in from somebody's test
    return stream;
  }
  stream[EXCHANGE] = exchange;
  noteCloses(stream);
  watch(stream, isTunnel);
  return stream;
}

function watch(stream: Duplex, isTunnel: boolean): void {
  listen(stream, "response", isTunnel ? onTunnelResponse : onResponse);
  listen(stream, "end", onEnd);
  listen(stream, errorMonitor, onError);
  listen(stream, "close", onClose);
}

function send(original: Request, session: Session, args: readonly unknown[]): ClientHttp2Stream {
  const before = sending;
  sending = true;
  try {
    return Reflect.apply(original, session, args);
  } finally {
    sending = before;
  }
}

type Stream = ClientHttp2Stream & Traced;

function onResponse(this: Stream, headers: IncomingHttpHeaders): void {
  const exchange = this[EXCHANGE];
  exchange.received(Number(headers[":status"]));
  exchange.body = this;
}

/** The span of a tunnel covers the handshake; what the stream does afterwards is no request. */
function onTunnelResponse(this: Stream, headers: IncomingHttpHeaders): void {
  onResponse.call(this, headers);
  if (this[EXCHANGE].status! < 300) this[EXCHANGE].end();
}

function onEnd(this: Stream): void {
  // A stream that was cut says so too, once it is destroyed.
  if (!this.destroyed && this[EXCHANGE].status !== undefined) this[EXCHANGE].end();
}

function onError(this: Stream, error: Error & { code?: string; cause?: unknown }): void {
  const exchange = this[EXCHANGE];
  // What went wrong with the connection, where that is why the request was never sent.
  if (error.code === "ERR_HTTP2_STREAM_CANCEL") exchange.failed(error.cause ?? error);
  else if (exchange.status === undefined || !PEER_ERRORS.has(error.code)) exchange.broke(error);
  else exchange.cut({ ...(closedBy(this) !== undefined ? DESTROYED : RESET_BY_SERVER), error });
}

/** Comes once, after everything else. */
function onClose(this: Stream): void {
  const exchange = this[EXCHANGE];
  if (exchange.ended) return;
  if (exchange.status === undefined) exchange.cut(closedBy(this) !== undefined ? GIVEN_UP : UNANSWERED);
  else if (closedBy(this) !== undefined) exchange.cut(DESTROYED);
  else if (this.readableEnded && this.rstCode === 0) exchange.end();
  else exchange.cut(RESET);
}

/** A RST_STREAM or GOAWAY frame with an error code. */
const PEER_ERRORS: ReadonlySet<string | undefined> = new Set(["ERR_HTTP2_STREAM_ERROR", "ERR_HTTP2_SESSION_ERROR"]);
const RESET_BY_SERVER: Failure = {
  kind: "connection_reset",
  message: "the server reset the stream before the response was complete",
};
const UNANSWERED: Failure = {
  kind: "connection_reset",
  message: "the connection or the stream closed before there was a response",
};
const GIVEN_UP: Failure = {
  kind: "response_cut",
  message: "the request was given up before there was a response",
};

function checked(session: Session): string {
  session[CHECKED] = true;
  session[ORIGIN] = isUndicis(session) ? "" : (session[ORIGIN] ?? socketOrigin(session));
  return session[ORIGIN];
}

/**
 * Whether undici made the session for itself: its requests are traced as undici's. It keeps a count of its streams there,
 * from before the first request.
 */
function isUndicis(session: object): boolean {
  return Object.getOwnPropertySymbols(session).some(({ description }) => description === "open streams");
}

/** For a session that we did not see made: what its socket tells. */
function socketOrigin({ encrypted, socket }: ClientHttp2Session): string {
  try {
    const { servername, remoteAddress, remotePort } = socket as typeof socket & { servername?: string };
    return originOf(
      { protocol: encrypted ? "https:" : "http:", host: remoteAddress, port: `${remotePort}` },
      { servername },
    );
  } catch {
    return "http://localhost"; // a session that has lost its socket
  }
}
