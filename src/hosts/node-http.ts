// Requests of node:http and node:https servers: starts their spans and runs the application in them.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import type { HttpTracing } from "../http/http-tracing.ts";
import { type ServerAdapter, ServerHandler } from "../http/server-handler.ts";
import { HTTP_UPGRADE } from "../tags.ts";
import { requestEnded, serverSeen } from "./frameworks.ts";
import { type Http2Request, isHttp2, NODE_HTTP2 } from "./http2/request.ts";
import { runListenersInSpan } from "./message-events.ts";
import { notesOf, type Server } from "./server-notes.ts";
import type { Emit } from "./server-watch.ts";
import { isResponse, type Owner, type TracedRequest, tracedOf, watch } from "./traced-request.ts";
import { upgraded } from "./upgrade.ts";

/** How node:http requests are read. */
const NODE_HTTP: ServerAdapter<IncomingMessage> = {
  component: "node:http",
  method: (request) => request.method ?? "GET",
  url: (request) => request.url ?? "/",
  scheme: (request) => ((request.socket as { encrypted?: boolean } | null)?.encrypted ? "https" : "http"),
  headers: (request) => request.headers,
};

/** One that traces: its policy and its handlers. */
export class TracedHost {
  readonly tracing: HttpTracing;
  readonly handler: ServerHandler<IncomingMessage>;
  readonly #http2: ServerHandler<Http2Request>;
  constructor(tracing: HttpTracing) {
    this.tracing = tracing;
    this.handler = new ServerHandler(tracing, NODE_HTTP);
    this.#http2 = new ServerHandler(tracing, NODE_HTTP2);
  }

  /** The handler of the protocol by which a request came. Both kinds of request have what is asked of either here. */
  handlerOf(request: object): ServerHandler<IncomingMessage> {
    return isHttp2(request) ? (this.#http2 as unknown as ServerHandler<IncomingMessage>) : this.handler;
  }
}

/**
 * Emits a request in its span. `args` are those of `emit`, handed on as they came: an application may emit these events with
 * any.
 */
export function serve(
  host: TracedHost,
  server: Server,
  emit: Emit,
  args: IArguments,
  request: IncomingMessage,
  response: unknown,
): boolean {
  // A request that is shown again (checkContinue and then request, or by another server) keeps its span.
  const known = tracedOf(request) ?? (isHttp2(request) ? tracedStream(request, response) : undefined);
  const span = known?.span ?? (isResponse(response) ? started(host, server, request, response) : undefined);
  const { scope, others } = host.tracing;
  const own = span === undefined || others === undefined ? emit : others.beneath(emit);
  if (known !== undefined) return scope.run(span, emitInSpan, own, server, args, span, host);
  return host.tracing.runRequest(span, emitInSpan, own, server, args, span, host);
}

/** An HTTP/2 request that was shown as a stream before. */
function tracedStream(request: Http2Request, response: unknown): TracedRequest | undefined {
  const traced = tracedOf(request.stream);
  if (isResponse(response)) traced?.isAlso(request, response);
  return traced;
}

/** Emits a request that takes the connection over, in its span. */
export function takeOver(
  host: TracedHost,
  server: Server,
  emit: Emit,
  args: IArguments,
  request: IncomingMessage,
  socket: Socket | undefined,
): boolean {
  const isTraced = host.tracing.traceAll && typeof socket?.once === "function";
  const span = tracedOf(request)?.span ?? (isTraced ? upgraded(host.handler, request, socket) : undefined);
  return host.tracing.runRequest(span, emitInSpan, emit, server, args, span, host);
}

/** Starts the span of a request, which ends with its response. Answers undefined where it is not traced. */
export function started(
  host: TracedHost,
  server: Server | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Span | undefined {
  if (server !== undefined) seen(server, host);
  if (!host.tracing.traceAll) return undefined;
  const handler = host.handlerOf(request);
  const span = handler.received(request);
  if (span === undefined) return undefined;
  if (isHttp2(request) && request.method === "CONNECT") {
    handler.tagged(span, HTTP_UPGRADE, (request as Http2Request).headers[":protocol"]);
  }
  watch(handler, span, request, response, RESPONSE);
  runListenersInSpan(request, response);
  return span;
}

/** The frameworks look at each server once for each tracing, and again after its `closeAllConnections`. */
function seen(server: Server, host: TracedHost): void {
  const notes = notesOf(server);
  if (notes.seenBy === host) return;
  notes.seenBy = host;
  serverSeen(server);
}

/** A span that ends with its response. */
const RESPONSE: Owner = {
  ended(traced, statusCode, failure) {
    if (traced.routed === undefined) requestEnded(traced.request as IncomingMessage);
    traced.sent(statusCode, failure);
  },
};

/** Emits in a span that is active already, and records what a listener throws. */
export function emitInSpan(
  emit: Emit,
  server: Server,
  args: IArguments,
  span: Span | undefined,
  host: TracedHost,
): boolean {
  try {
    return Reflect.apply(emit, server, args);
  } catch (error) {
    if (span !== undefined) host.handler.failed(span, error);
    throw error;
  }
}
