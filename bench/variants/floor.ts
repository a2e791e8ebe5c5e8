// The floor: a prototype that does the essential work (span, ids, context, encoding, posting) and has no features. What remains to
// be gained is the distance to it.

import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { encode, flush, sendWith } from "../floor/encoder.ts";
import { posterTo } from "../floor/post.ts";
import { FloorSpan } from "../floor/span.ts";
import { extract, inject } from "../floor/traceparent.ts";
import { requireFramework as require } from "../places.ts";
import type { Started } from "./variant.ts";

const SPAN: unique symbol = Symbol("floor.span");
type Marked = { [SPAN]?: FloorSpan | undefined };
type Emit = (...args: unknown[]) => boolean;
interface Routed {
  readonly route?: { readonly path: string };
  readonly baseUrl?: string;
}

const active = new AsyncLocalStorage<FloorSpan>();

export function start(sink: number): Started {
  const http: typeof import("node:http") = require("node:http");
  const post = posterTo(sink, http);
  sendWith((body) => active.exit(() => void post(body).catch(() => {})));
  setInterval(flush, 1000).unref();
  traceServers(http);
  traceRequests(http);
  traceFetch();
  return {};
}

function end(span: FloorSpan | undefined): void {
  if (span === undefined || span.isDone) return;
  span.isDone = true;
  encode(span, performance.now());
}

function traceServers({ Server: { prototype } }: typeof import("node:http")): void {
  const emit: Emit = prototype.emit as Emit;
  prototype.emit = function tracedEmit(
    this: unknown,
    event: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    if (event !== "request") return Reflect.apply(emit, this, arguments);
    const { headers } = request;
    const span = new FloorSpan(
      headers["traceparent"] === undefined ? null : extract(headers["traceparent"]),
      2,
      request.method!,
    );
    span.url = request.url!;
    span.host = headers.host ?? "";
    (response as Marked)[SPAN] = span;
    response.on("close", onClose);
    return active.run(span, emitRequest, emit, this, request, response);
  } as never;
  subscribe("fastify.initialization", (message) => {
    const { fastify } = message as { fastify: { addHook(name: string, hook: typeof noteRoute): void } };
    fastify.addHook("onRequest", noteRoute);
  });
}

function emitRequest(emit: Emit, server: unknown, request: unknown, response: unknown): boolean {
  return emit.call(server, "request", request, response);
}

function noteRoute(request: { routeOptions: { url?: string } }, reply: { raw: Marked }, done: () => void): void {
  const span = reply.raw[SPAN];
  if (span !== undefined) span.route = request.routeOptions.url ?? "";
  done();
}

function onClose(this: ServerResponse & Marked): void {
  const span = this[SPAN];
  if (span === undefined || span.isDone) return;
  span.status = this.statusCode;
  const { route, baseUrl = "" } = this.req as Routed;
  if (route !== undefined) span.route = baseUrl + route.path;
  if (span.route !== "") span.name = `${span.method} ${span.route}`;
  end(span);
}

function traceRequests(http: typeof import("node:http")): void {
  const original = http.request as (...args: unknown[]) => ClientRequest;
  http.request = function tracedRequest(this: unknown, ...args: unknown[]) {
    const request: ClientRequest & Marked = original.apply(this, args);
    const parent = active.getStore();
    if (parent === undefined) return request;
    const span = new FloorSpan(parent, 3, request.method);
    span.url = request.path;
    span.host = request.host;
    request[SPAN] = span;
    request.setHeader("traceparent", inject(span));
    request.on("error", onEnd);
    return request;
  } as typeof http.request;
  subscribe("http.client.response.finish", (message) => {
    const { request, response } = message as { request: Marked; response: IncomingMessage & Marked };
    const span = request[SPAN];
    if (span === undefined) return;
    span.status = response.statusCode!;
    response[SPAN] = span;
    response.on("end", onEnd);
  });
}

function onEnd(this: unknown): void {
  end((this as Marked)[SPAN]);
}

type FetchRequest = Marked & {
  method: string;
  path: string;
  origin: string;
  addHeader(name: string, value: string): void;
};
type FetchMessage = { readonly request: FetchRequest; readonly response?: { readonly statusCode: number } };

function traceFetch(): void {
  subscribe("undici:request:create", (message) => {
    const { request } = message as FetchMessage;
    const parent = active.getStore();
    if (parent === undefined) return;
    const span = new FloorSpan(parent, 3, request.method);
    span.url = request.path;
    span.host = request.origin;
    request[SPAN] = span;
    request.addHeader("traceparent", inject(span));
  });
  subscribe("undici:request:headers", (message) => {
    const { request, response } = message as FetchMessage;
    if (request[SPAN] !== undefined) request[SPAN].status = response!.statusCode;
  });
  for (const end of ["undici:request:trailers", "undici:request:error"]) {
    subscribe(end, (message) => onEnd.call((message as FetchMessage).request));
  }
}
