// node:http and node:https servers: shows every request to the server handler and runs the application in its span.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Span } from "opentracing";
import type { Failure } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { type ServerAdapter, ServerHandler } from "../http/server-handler.ts";
import { patch, type Undo, undoAll } from "../patch.ts";

/** The span of a request, on the request and on its response. */
const SPAN: unique symbol = Symbol("node-opentracing.span");
type Traced = { [SPAN]?: Span; [HANDLER]?: ServerHandler<IncomingMessage> };
const HANDLER: unique symbol = Symbol("node-opentracing.handler");

/** The span of a request that is being served, undefined where it is not traced. */
export function spanOf(request: object): Span | undefined {
  return (request as Traced)[SPAN];
}

/** How node:http requests are read. */
export const NODE_HTTP: ServerAdapter<IncomingMessage> = {
  component: "node:http",
  method: (request) => request.method ?? "GET",
  url: (request) => request.url ?? "/",
  scheme: (request) => ("encrypted" in request.socket ? "https" : "http"),
  headers: (request) => request.headers,
};

/** Traces every request of every node:http and node:https server, those already listening included. */
export function traceNodeHttp(tracing: HttpTracing): Undo {
  const handler = new ServerHandler(tracing, NODE_HTTP);
  return undoAll([
    patchEmit(http.Server.prototype, tracing, handler),
    patchEmit(https.Server.prototype, tracing, handler),
  ]);
}

type Emit = (this: unknown, event: string | symbol, ...args: unknown[]) => boolean;

function patchEmit(prototype: object, tracing: HttpTracing, handler: ServerHandler<IncomingMessage>): Undo {
  const server = prototype as { emit: Emit };
  const original = server.emit;
  let stopped = false;

  const undo = patch(server, "emit", function emit(event, request, response) {
    if (stopped || event !== "request") return Reflect.apply(original, this, arguments);
    const span = traced(handler, request as IncomingMessage, response as ServerResponse);
    return tracing.scope.run(span, emitRequest, original, this, request, response);
  });
  return function stop() {
    stopped = true;
    undo();
  };
}

function emitRequest(original: Emit, server: unknown, request: unknown, response: unknown): boolean {
  return original.call(server, "request", request, response);
}

/** Starts the request's span, unless it has one, and sees to its end. */
function traced(
  handler: ServerHandler<IncomingMessage>,
  request: IncomingMessage & Traced,
  response: ServerResponse & Traced,
): Span | undefined {
  const before = request[SPAN];
  if (before !== undefined) return before;
  const span = handler.received(request);
  if (span === undefined) return undefined;
  request[SPAN] = span;
  response[SPAN] = span;
  response[HANDLER] = handler;
  // "close" comes once, after a finished response and after an abort alike.
  response.on("close", onClose);
  return span;
}

function onClose(this: ServerResponse & Traced): void {
  const status = this.headersSent ? this.statusCode : undefined;
  this[HANDLER]!.sent(this[SPAN]!, status, failureOf(this));
}

/** SKELETON: to be completed. */
function failureOf(response: ServerResponse): Failure | undefined {
  return response.writableFinished
    ? undefined
    : { kind: "client_disconnect", message: "the client closed the connection before the response was complete" };
}
