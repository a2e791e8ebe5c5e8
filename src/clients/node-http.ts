// Requests of node:http and node:https: wraps `request` and `get` of both, and watches each request without listeners that would change it.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { errorMonitor } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { alike } from "../alike.ts";
import { warn } from "../diagnostics.ts";
import { ClientHandler } from "../http/client-handler.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { listen } from "../listen.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { isUntraced } from "../untraced.ts";
import { DESTROYED, Exchange, RESET, watchPending } from "./exchange.ts";
import {
  methodOf,
  type RequestCall,
  readCall,
  takesHeadersLater,
  urlOf,
  withHeaders,
  withUrl,
} from "./request-call.ts";
import { synced } from "./sync-exports.ts";

/**
 * Traces `http.request`, `http.get`, `https.request` and `https.get`, however they were imported. A request's span is a
 * child of the active span and never active itself: callbacks and listeners run as they do untraced.
 */
export function traceNodeHttpClient(tracing: HttpTracing): Undo {
  const handler = new ClientHandler(tracing);
  const wrapAll = (): Undo =>
    undoAll([
      wrap(http, "request", "http:", handler),
      wrap(http, "get", "http:", handler),
      wrap(https, "request", "https:", handler),
      wrap(https, "get", "https:", handler),
    ]);
  return undoAll([watchPending(), watchResponses(), synced(wrapAll)]);
}

type Send = (...args: unknown[]) => ClientRequest;
type Traced = { [EXCHANGE]?: Exchange; res?: IncomingMessage & { upgrade?: boolean } };
/** The exchange, on the request and on its response. */
const EXCHANGE: unique symbol = Symbol("node-opentracing.exchange");

/** Whether a request is being made: what is called meanwhile makes the same one, or a tunnel for it. */
let sending = false;

function wrap(module: object, name: "request" | "get", protocol: string, handler: ClientHandler): Undo {
  const target = module as Record<typeof name, Send>;
  const original = target[name];
  let stopped = false;

  const undo = patch(target, name, alike(send, original));
  function send(this: unknown, ...args: unknown[]): ClientRequest {
    if (stopped || sending || isUntraced()) return Reflect.apply(original, this, args);
    return traced(original, this, readCall(args, protocol), handler, name === "request");
  }
  return function stop() {
    stopped = true;
    undo();
  };
}

/** @param isOpen whether `original` answers a request that can still be changed; `get` ends it before */
function traced(
  original: Send,
  self: unknown,
  call: RequestCall,
  handler: ClientHandler,
  isOpen: boolean,
): ClientRequest {
  const url = urlOf(call);
  const outgoing = { component: "node:http", method: methodOf(call), url, source: call.options };
  const span = handler.sending(outgoing, handler.active());
  if (span === undefined) return send(original, self, call.args);

  const exchange = new Exchange(handler, span);
  const headers = handler.maySend(url) ? handler.headers(span) : undefined;
  const own = handler.others === undefined ? original : handler.others.beneath(original);
  let isLate = false;
  let request: ClientRequest & Traced;
  try {
    isLate = isOpen && takesHeadersLater(call);
    request = send(own, self, headers === undefined ? call.args : isLate ? withUrl(call) : withHeaders(call, headers));
  } catch (error) {
    exchange.failed(error);
    throw error;
  }
  if (typeof request?.on !== "function") {
    exchange.end(); // a stand-in from somebody's test
    return request;
  }
  if (isLate && headers !== undefined) addHeaders(request, headers);
  request[EXCHANGE] = exchange;
  // Neither changes what Node does: a real "error" listener would keep an unheard error from ending the process, a
  // "response" listener would keep Node from discarding a response that nobody wants.
  listen(request, errorMonitor, onError);
  listen(request, "close", onClose);
  return request;
}

/** To a request that a patch beneath ours has sent already they come too late. */
function addHeaders(request: ClientRequest, headers: Readonly<Record<string, string>>): void {
  try {
    for (const name in headers) request.setHeader(name, headers[name]!);
  } catch (error) {
    warn("propagation.error", "trace headers could not be added to a request, which goes out without them", error);
  }
}

function send(original: Send, self: unknown, args: readonly unknown[]): ClientRequest {
  const before = sending;
  sending = true;
  try {
    return Reflect.apply(original, self, args);
  } finally {
    sending = before;
  }
}

/** Node's own announcement of a response's headers, made before the 'response' event. */
function watchResponses(): Undo {
  const channel = "http.client.response.finish";
  if (watchers++ === 0) subscribe(channel, onResponse);
  let stopped = false;
  return function stop() {
    if (stopped) return;
    stopped = true;
    if (--watchers === 0) unsubscribe(channel, onResponse);
  };
}

let watchers = 0;

function onResponse(message: unknown): void {
  const { request, response } = message as { request: Traced; response: IncomingMessage & Traced };
  const exchange = request[EXCHANGE];
  if (exchange === undefined) return;
  response[EXCHANGE] = exchange;
  exchange.received(response.statusCode ?? 0);
  exchange.body = response;
  listen(response, "end", onEnd);
}

function onEnd(this: IncomingMessage & Traced): void {
  if (this.complete) this[EXCHANGE]!.end();
}

function onError(this: ClientRequest & Traced, error: unknown): void {
  this[EXCHANGE]!.broke(error);
}

/** Comes once, after everything else. */
function onClose(this: ClientRequest & Traced): void {
  const exchange = this[EXCHANGE]!;
  if (exchange.ended) return;
  const response = this.res;
  if (response === undefined || response === null) {
    exchange.cut({ kind: "response_cut", message: "the request was given up before there was a response" });
    return;
  }
  // Of an upgrade and a tunnel Node does not announce the headers, and where tracing was closed meanwhile we do not hear of them.
  exchange.status ??= response.statusCode;
  // The span of an upgrade or a tunnel covers the handshake; what the socket does afterwards is no request.
  if (response.upgrade || response.complete) exchange.end();
  else cut(exchange, response);
}

function cut(exchange: Exchange, response: IncomingMessage): void {
  const { errored, socket } = response;
  if (errored && (errored as NodeJS.ErrnoException).code !== "ECONNRESET") exchange.failed(errored);
  else if (errored && (socket.errored || socket.readableEnded)) exchange.cut(RESET);
  else exchange.cut(DESTROYED);
}
