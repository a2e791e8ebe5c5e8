// node-opentracing/hapi: the plug-in for hapi 21, which names requests after their routes and sees their errors.

import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Routed } from "../http/server-handler.ts";
import { checkPluginOptions, type PluginOptions } from "./plugin-options.ts";
import { beginRequest } from "./servers.ts";
import { failRequest, setRoute, tracedOf } from "./traced-request.ts";

export type { PluginOptions } from "./plugin-options.ts";

/** What we use of hapi's server. */
interface HapiServer {
  readonly listener: EventEmitter;
  ext(event: string, method: (request: HapiRequest, h: Toolkit) => unknown): void;
  readonly events: { on(criteria: object, listener: (request: HapiRequest, event: RequestEvent) => void): void };
}

interface HapiRequest {
  readonly raw: { readonly req: IncomingMessage };
  /** The same object for all requests of a route. */
  readonly route: { readonly method: string; readonly path: string };
  /** An answer, or the error that is to be answered. */
  readonly response: { readonly isBoom?: boolean } | symbol | null;
}

interface Toolkit {
  readonly continue: symbol;
}

interface RequestEvent {
  readonly channel: string;
  readonly tags: readonly string[];
  readonly error?: unknown;
}

/**
 * Traces a server: `await server.register({ plugin: hapiTracing, options: { tracing } })`. Register it first.
 *
 * A request that has a span already, by `initTracing` or `traceServer`, keeps that one. Without `tracing`, only routes and errors
 * are added to such spans. hapi's extensions get no spans, whatever `traceMiddleware` says.
 */
export const hapiTracing = {
  name: "node-opentracing",

  /** @throws TypeError where there is no such option, or its value is of the wrong kind */
  register(instance: object, options: PluginOptions): void {
    checkPluginOptions("hapiTracing", options);
    const server = instance as HapiServer;
    const http = options.tracing?.http;
    if (http !== undefined) serveInSpan(http, server.listener);
    server.ext("onPreAuth", routeFound);
    server.ext("onPreResponse", responseFound);
    server.events.on({ name: "request", channels: ["internal", "error"] }, eventLogged);
  },
};

type Listener = (this: unknown, request: IncomingMessage, response: ServerResponse) => void;

/**
 * Wraps the listeners that hapi has set: its extensions run too late, for none of them goes on with the request itself. Behind
 * `initTracing`, which has started its span before a listener is called.
 */
function serveInSpan(http: HttpTracing, listener: EventEmitter): void {
  for (const event of ["request", "checkContinue"]) {
    // As they are kept: one of `once` knows that it was called.
    for (const serve of listener.rawListeners(event) as Listener[]) {
      listener.off(event, serve);
      listener.on(event, function tracedListener(this: unknown, request: IncomingMessage, response: ServerResponse) {
        const traced = tracedOf(request);
        const { scope } = traced?.tracing ?? http;
        // One that a listener in front of this one has begun to trace is traced, but its span is active no more.
        if (traced !== undefined && scope.active() !== undefined) serve.call(this, request, response);
        else scope.run(beginRequest(http, request, response), () => serve.call(this, request, response));
      });
    }
  }
}

/** Before all that may answer instead of the handler, but for reading cookies. */
function routeFound(request: HapiRequest, h: Toolkit): symbol {
  setRoute(request.raw.req, routed(request.route));
  return h.continue;
}

/** Comes for every answer, whoever gave it. */
function responseFound(request: HapiRequest, h: Toolkit): symbol {
  const { response } = request;
  setRoute(request.raw.req, routed(request.route));
  if (typeof response === "object" && response?.isBoom) failRequest(request.raw.req, response);
  return h.continue;
}

/** Errors behind that: those of streams, and answers that cannot be written. */
function eventLogged(request: HapiRequest, { channel, tags, error }: RequestEvent): void {
  if (error !== undefined && (channel === "error" || tags.includes("response"))) failRequest(request.raw.req, error);
}

const routes = new WeakMap<object, Routed>();

function routed(route: HapiRequest["route"]): Routed {
  let one = routes.get(route);
  if (one === undefined) {
    // hapi's own routes answer what no other does: 404, a path that cannot be read, CORS.
    one = { component: "hapi", route: route.method === "_special" ? undefined : route.path };
    routes.set(route, one);
  }
  return one;
}
