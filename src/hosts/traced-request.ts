// One request while it is served: its span, the framework's route, the errors on the way, and how its end is noticed.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import { type Failure, isClientError } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Routed, ServerHandler } from "../http/server-handler.ts";
import { listen, listenFirst } from "../listen.ts";
import { watchStream } from "./http2/end.ts";
import { isHttp2, streamOf } from "./http2/request.ts";
import { failureOf, statusOf } from "./response-end.ts";
import { notesOf, type Server, type ServerNotes } from "./server-notes.ts";

// Registered, so that they are found whichever copy of this package traced the request: a bundle may bring one.
const TRACED: unique symbol = Symbol.for("node-opentracing/request") as never;
const ROUTED: unique symbol = Symbol.for("node-opentracing/routed") as never;
const QUEUE: unique symbol = Symbol("node-opentracing.queue");

type Marked = { [TRACED]?: TracedRequest; [ROUTED]?: Routed };
type QueuedSocket = Socket & { [QUEUE]?: Set<object> };

/** Told once when a response has ended, however it did: it calls `traced.sent`. */
export interface Owner {
  /** `statusCode`: undefined where none was sent. `failure`: why the response is not whole, undefined where it is. */
  ended(traced: TracedRequest, statusCode: number | undefined, failure: Failure | undefined): void;
}

/** What answers a request: a response, or what stands for one. */
interface Answer {
  readonly headersSent?: boolean;
  readonly statusCode?: number | undefined;
}

/** What becomes of one traced request, from its first sight to `sent`. Kept on the request and on its response. */
export class TracedRequest {
  readonly span: Span;
  readonly request: object;
  readonly response: Answer | undefined;
  /** What `setRoute` was told last. */
  routed: Routed | undefined;
  /** What is known of its server; undefined where there is none, or it is of no use. */
  server: ServerNotes | undefined;
  readonly #handler: ServerHandler<never>;
  /** As it was when the span was named after it: an application may change it on the way. */
  readonly #method: string;
  #owner: Owner | undefined;
  /** The first error of the application, or else of a client; in an array, for anything can be thrown. */
  #error: [unknown] | undefined;
  #isRecorded = false;

  /** `owner` is told of the response's end; without one, whoever made this calls `sent`. */
  constructor(handler: ServerHandler<never>, span: Span, request: object, response: Answer | undefined, owner?: Owner) {
    this.span = span;
    this.request = request;
    this.response = response;
    this.#handler = handler;
    this.#method = handler.method(request as never);
    this.#owner = owner;
    this.routed = routeOf(request);
    mark(request, this);
    if (response !== undefined) mark(response, this);
  }

  /** The policy by which it is traced. */
  get tracing(): HttpTracing {
    return this.#handler.tracing;
  }

  /**
   * Notes what the application's code threw, rejected with or passed on. It counts unless the application turns it into an
   * answer below 500, which shows at the end; where the headers have left already, it counts. One that says that the client was at
   * fault, which may be what an upstream told of us, counts only where the answer is a 500 or above and there is no other.
   */
  failed(error: unknown): void {
    // A body that is read, and on-finished, pass on that the connection broke: that is told by the end.
    if (isConnections(error, this.request as Readers)) return;
    // A handler that goes on and fails behind the end is no longer about this request.
    if (this.#isRecorded) return;
    if (this.response?.headersSent) this.#handler.failed(this.span, error, this.response.statusCode);
    else if (this.#error === undefined || (isClientError(this.#error[0]) && !isClientError(error)))
      this.#error = [error];
  }

  /** Says that these are objects of the same request: HTTP/2's compatibility API makes two of a stream. */
  isAlso(...objects: readonly object[]): void {
    for (const one of objects) {
      this.routed ??= routeOf(one);
      mark(one, this);
    }
  }

  /** Has a listener called when a response of this request is over, which may be twice. Without a server it may tell nothing after "finish". */
  whenOver(response: ServerResponse, listener: () => void): void {
    listen(response, "close", listener);
    if (this.server === undefined && streamOf(response) === undefined) listen(response, "finish", listener);
  }

  /** To be called when the response has ended; a second call does nothing. */
  end(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    const response = this.response as ServerResponse;
    owner.ended(this, statusOf(response), failureOf(response, this.server?.closedAll ?? false));
  }

  /** Records route, error and end, and finishes the span. Call it once. `statusCode`: undefined where none was sent. */
  sent(statusCode: number | undefined, failure: Failure | undefined): void {
    if (this.routed !== undefined) this.#handler.routed(this.span, this.#method, this.routed);
    if (this.#error !== undefined && (statusCode === undefined || statusCode >= 500)) {
      // Of a client that left, readers of its body tell as of one at fault, whatever is answered to nobody.
      this.#handler.failed(this.span, this.#error[0], failure === undefined ? statusCode : undefined);
    }
    this.#isRecorded = true;
    this.#handler.sent(this.span, statusCode, failure);
  }
}

/** What a request of Node shows of its connection; stand-ins may not. */
interface Readers {
  readonly errored?: unknown;
  readonly socket?: { readonly errored?: unknown } | null;
}

function isConnections(error: unknown, { errored, socket }: Readers): boolean {
  return typeof error === "object" && error !== null && (error === errored || error === socket?.errored);
}

function mark(target: object, traced: TracedRequest): void {
  if (Object.isExtensible(target)) (target as Marked)[TRACED] = traced;
}

/** The traced request that a request or response object of Node belongs to. */
export function tracedOf(requestOrResponse: object | null | undefined): TracedRequest | undefined {
  try {
    return (requestOrResponse as Marked | null | undefined)?.[TRACED];
  } catch {
    return undefined; // a proxy that refuses
  }
}

/**
 * The traced request that a response belongs to. `request`, which is none of its objects, was made by a framework or an
 * application: it is one of them from now on.
 */
export function tracedBy(response: object | undefined, request: object): TracedRequest | undefined {
  const traced = tracedOf(response);
  traced?.isAlso(request);
  return traced;
}

/**
 * The span of a request, by its request or its response object, Node's or a framework's; undefined where it is not traced.
 */
export function spanOf(requestOrResponse: object | null | undefined): Span | undefined {
  return tracedIn(requestOrResponse)?.span;
}

/** The traced request that an object of Node's or of a framework belongs to. */
export function tracedIn(requestOrResponse: object | null | undefined): TracedRequest | undefined {
  const traced = tracedOf(requestOrResponse);
  if (traced !== undefined) return traced;
  for (const raw of rawOf(requestOrResponse)) {
    const found = tracedOf(raw);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where frameworks keep Node's request and response in their own objects. */
interface Wrapper {
  readonly raw?: { readonly req?: object; readonly res?: object } | null;
  readonly req?: object | null;
  readonly res?: object | null;
  readonly stream?: object | null;
  readonly node?: { readonly req?: object; readonly res?: object } | null;
  readonly env?: { readonly incoming?: object; readonly outgoing?: object } | null;
}

/** What may be Node's objects inside a framework's. Never throws. */
export function rawOf(wrapper: unknown): readonly (object | null | undefined)[] {
  if (typeof wrapper !== "object" || wrapper === null) return [];
  try {
    const { node, env, raw, req } = wrapper as Wrapper;
    // h3's event and Hono's context: their `res` is made when it is looked at.
    if (node?.req !== undefined) return [node.req, node.res];
    if (env?.incoming !== undefined) return [env.incoming, env.outgoing];
    // Fastify's request and reply; hapi's request; Koa's context; HTTP/2's compatibility objects.
    const { res, stream } = wrapper as Wrapper;
    return [raw, raw?.req, raw?.res, req, res, stream];
  } catch {
    return []; // a getter or a proxy of the application that does not like to be looked at
  }
}

/** Tells which framework and which of its routes serve a request, traced or not. The last call counts. */
export function setRoute(request: object, routed: Routed): void {
  const traced = tracedOf(request);
  // A property more on a request that Express has been at costs over a microsecond.
  if (traced !== undefined) traced.routed = routed;
  else if (Object.isExtensible(request)) (request as Marked)[ROUTED] = routed;
}

/** What `setRoute` was told of a request last. */
export function routeOf(request: object): Routed | undefined {
  return tracedOf(request)?.routed ?? (request as Marked)[ROUTED];
}

/** Notes what a framework's user threw, rejected with or passed on: see `TracedRequest.failed`. */
export function failRequest(request: object, error: unknown): void {
  tracedOf(request)?.failed(error);
}

/** Whether a value is a response whose end can be noticed, be it Node's own or a stand-in of a framework or test library. */
export function isResponse(value: unknown): value is ServerResponse {
  if (typeof value !== "object" || value === null || !Object.isExtensible(value)) return false;
  try {
    const { writeHead, on } = value as { writeHead?: unknown; on?: unknown };
    return typeof writeHead === "function" && typeof on === "function";
  } catch {
    return false;
  }
}

/**
 * Makes `span` the request's and the response's, and tells `owner` when the response has ended: at once where it has, because
 * the client left while somebody was still waiting for something.
 */
export function watch(
  handler: ServerHandler<IncomingMessage>,
  span: Span,
  request: IncomingMessage,
  response: ServerResponse,
  owner: Owner,
): TracedRequest {
  const traced = new TracedRequest(handler, span, request, response, owner);
  const stream = isHttp2(request) ? streamOf(response) : undefined;
  if (stream !== undefined) {
    traced.isAlso(stream);
    watchStream(stream, request.method === "CONNECT", onClose);
    if (stream.destroyed) traced.end();
    return traced;
  }
  traced.server = serverNotes(request);
  // "close" comes once, after a finished response and after an abort alike. First: who made the span, if not we, ends it then.
  listenFirst(response, "close", onClose);
  // Behind an adapter of a serverless platform there is no connection, and Node closes no response.
  if (traced.server === undefined) listen(response, "finish", onFinish);
  if (response.socket === null) queue(request.socket, response);
  if (response.closed || (response.socket === null && request.socket?.closed)) traced.end();
  return traced;
}

function serverNotes({ socket }: IncomingMessage): ServerNotes | undefined {
  const server = (socket as { server?: Server } | null | undefined)?.server;
  return typeof server?.emit === "function" ? notesOf(server) : undefined;
}

function onClose(this: object): void {
  tracedOf(this)?.end();
}

/** When all listeners have heard of it, and the adapter that waits for it has not gone on. */
function onFinish(this: object): void {
  queueMicrotask(onClose.bind(this));
}

/**
 * A pipelined request's response waits for its turn without a socket. Where the connection closes before that, Node 20
 * and 22 never close the response: here its socket's "close" does, by one listener a socket.
 */
function queue(socket: QueuedSocket | null | undefined, response: ServerResponse): void {
  if (socket === null || socket === undefined) return;
  const waiting = socket[QUEUE];
  if (waiting === undefined) {
    socket[QUEUE] = new Set([response]);
    listen(socket, "close", closeQueue);
  } else {
    waiting.add(response);
  }
  listen(response, "close", leaveQueue);
}

function closeQueue(this: QueuedSocket): void {
  for (const response of this[QUEUE]!) onClose.call(response);
  this[QUEUE]!.clear();
}

function leaveQueue(this: ServerResponse): void {
  (this.req?.socket as QueuedSocket | null)?.[QUEUE]?.delete(this);
}
