// Fastify 4 and 5, from the inside: names requests after their routes, and records what handlers, hooks and streams fail with.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { errorMonitor } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { copyMetadata } from "../../copy-metadata.ts";
import { warn } from "../../diagnostics.ts";
import { isPlainPromise } from "../../follow-promise.ts";
import type { Routed } from "../../http/server-handler.ts";
import { patch } from "../../patch.ts";
import type { Framework } from "../frameworks.ts";
import { failRequest, setRoute } from "../traced-request.ts";
import { ownHook, spanHooks } from "./hooks.ts";

/** What we use of an instance of Fastify. */
export interface FastifyInstance {
  addHook(name: string, hook: unknown): unknown;
  /** The listener of the instance's server. */
  readonly routing?: object;
}

/** What we use of a request. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly url?: string };
}

/** What we use of a reply. */
export interface FastifyReply {
  readonly raw: ServerResponse;
  readonly sent: boolean;
}

/** Goes on to the next hook. */
export type Done = (error?: Error) => void;

type Handler = (this: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;

/**
 * Instances that are made from now on get our hooks when they are made. Those that were made before are seen through Fastify 5's
 * own channel, which tells the route when all hooks before the handler have passed; of theirs in Fastify 4 nothing is known.
 */
export const FASTIFY: Framework = {
  start(tracings) {
    function onInitialization(message: unknown): void {
      const { fastify } = message as { fastify: FastifyInstance };
      try {
        traceInstance(fastify);
        if (tracings.some(({ traceMiddleware }) => traceMiddleware)) spanHooks(fastify, undefined);
      } catch (error) {
        // Thrown out of a subscriber, it would end the process.
        warn("framework.unknown", "a Fastify instance takes no hooks; its requests are named by their methods", error);
      }
    }
    subscribe("fastify.initialization", onInitialization);
    return function stop() {
      unsubscribe("fastify.initialization", onInitialization);
      unwatchHandlers();
    };
  },
  // A subscriber of the handlers' channel costs every request of every instance: there is none as long as all listeners are instances with
  // our hooks. Any other may call an instance without them; nothing tells which do.
  listener(listener) {
    if (!ours.has(listener)) watchHandlers();
  },
};

/** The listeners of instances that have our hooks. */
const ours = new WeakSet<object>();

// Registered, so that two copies of this package do not both add their hooks. Encapsulated instances inherit it.
const TRACED: unique symbol = Symbol.for("node-opentracing/fastify") as never;

/**
 * Adds the hooks that name requests and see errors to an instance, and so to all that is encapsulated in it. Once: where it or
 * one around it has them, nothing is done.
 */
export function traceInstance(instance: FastifyInstance): void {
  if ((instance as { [TRACED]?: true })[TRACED]) return;
  Object.defineProperty(instance, TRACED, { value: true });
  // An encapsulated instance inherits its root's listener, whose other requests go without our hooks.
  if (instance.routing !== undefined && Object.hasOwn(instance, "routing")) ours.add(instance.routing);

  const routes = new Routes();
  instance.addHook("onRoute", function onRoute(options: { handler: Handler }): void {
    if (typeof options.handler === "function") options.handler = watched(options.handler);
  });
  function onRequest(request: FastifyRequest, _reply: unknown, done: Done): void {
    try {
      setRoute(request.raw, routes.of(request));
    } catch (error) {
      warn("framework.unknown", "a Fastify request does not tell its route; it is named by its method", error);
    }
    done();
  }
  instance.addHook("onRequest", ownHook(onRequest));
  instance.addHook("onSend", ownHook(onSend));
  instance.addHook("onError", onError);
}

/** An instance's routes as `setRoute` takes them: one object each, shared by all their requests. */
class Routes {
  /** By pattern: no more of them than the application has routes. */
  readonly #byUrl = new Map<string, Routed>();
  /** By which property a request holds its route's context. */
  #context: symbol | undefined;
  #isLearned = false;

  of(request: FastifyRequest): Routed {
    const url = this.#urlOf(request as FastifyRequest & Record<symbol, Context | undefined>);
    return url === undefined ? UNROUTED : routed(this.#byUrl, url);
  }

  /**
   * The public way, `routeOptions`, makes an object with all that is known of a route at each look: 1.5 µs in Fastify 4, 0.08 µs in
   * Fastify 5. What it reads from is a property of the request, 0.03 µs; it is looked for once, by what `routeOptions` says.
   */
  #urlOf(request: FastifyRequest & Record<symbol, Context | undefined>): string | undefined {
    if (this.#context !== undefined) {
      const config = request[this.#context]?.config;
      if (config !== undefined) return config.url;
    }
    const url = request.routeOptions?.url;
    if (!this.#isLearned && url !== undefined) {
      this.#isLearned = true;
      this.#context = Object.getOwnPropertySymbols(request).find((key) => request[key]?.config?.url === url);
    }
    return url;
  }
}

interface Context {
  readonly config?: { readonly url?: string };
}

/** For requests that no route answers. */
const UNROUTED: Routed = { component: "fastify", route: undefined };

function routed(known: Map<string, Routed>, url: string): Routed {
  let one = known.get(url);
  if (one === undefined) {
    one = { component: "fastify", route: url };
    known.set(url, one);
  }
  return one;
}

/**
 * The handler of a route. Once a reply was sent or hijacked, Fastify tells no hook of its errors. Hooks of the application see it
 * in the handler's place: it has all that the handler has, and hands on all that it is called with. What is traced is found by the
 * second argument: a reply has the response, and where @fastify/websocket calls with a socket first, it is the request.
 */
function watched(handler: Handler): Handler {
  const tracedHandler: Handler = function tracedHandler(request, reply, ...rest: unknown[]) {
    let result: unknown;
    try {
      result =
        rest.length === 0
          ? handler.call(this, request, reply)
          : Reflect.apply(handler, this, [request, reply, ...rest]);
    } catch (error) {
      failRequest(reply?.raw, error);
      throw error;
    }
    // Not any thenable: to ask a query builder for its result may run the query, and Fastify will ask it again.
    if (isPlainPromise(result)) result.then(undefined, (error: unknown) => failRequest(reply?.raw, error));
    return result;
  };
  copyMetadata(handler, tracedHandler);
  return tracedHandler;
}

/** Errors of hooks, validation, parsers and handlers, before an error handler sees them. */
function onError(request: FastifyRequest, _reply: unknown, error: unknown, done: Done): void {
  failRequest(request.raw, error);
  done();
}

/** Errors of streams. Where the headers have left, Fastify itself only logs them. */
function onSend(request: FastifyRequest, _reply: unknown, payload: unknown, done: Done): void {
  if (typeof payload === "object" && payload !== null) watchStream(request.raw, payload);
  done();
}

interface Payload {
  readonly on?: unknown;
  readonly pipe?: unknown;
  readonly getReader?: unknown;
  /** A web Response's. */
  readonly body?: unknown;
}

function watchStream(request: IncomingMessage, payload: Payload): void {
  const failed = (error: unknown): void => failRequest(request, error);
  try {
    if (typeof payload.pipe === "function" && typeof payload.on === "function") {
      payload.on(errorMonitor, failed);
    } else if (typeof payload.getReader === "function") {
      watchReader(payload as ReadableStream, failed);
    } else if (Object.prototype.toString.call(payload) === "[object Response]" && payload.body) {
      watchReader(payload.body as ReadableStream, failed);
    }
  } catch {
    // an object of the application that does not like to be looked at
  }
}

/** Fastify takes the stream's one reader; whose errors count as handled, whether anybody listens or not. */
function watchReader(stream: ReadableStream, failed: (error: unknown) => void): void {
  const { getReader } = stream;
  patch(stream, "getReader", function watchedGetReader(this: ReadableStream, ...args: []) {
    const reader = getReader.apply(this, args);
    reader.closed.catch(failed);
    return reader;
  } as typeof getReader);
}

const HANDLER = "tracing:fastify.request.handler";
let isWatching = false;

function watchHandlers(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe(`${HANDLER}:start`, onHandlerStart);
  subscribe(`${HANDLER}:error`, onHandlerError);
}

function unwatchHandlers(): void {
  if (!isWatching) return;
  isWatching = false;
  unsubscribe(`${HANDLER}:start`, onHandlerStart);
  unsubscribe(`${HANDLER}:error`, onHandlerError);
}

interface HandlerMessage {
  readonly request?: FastifyRequest;
  readonly route?: { readonly url?: string };
  readonly error?: unknown;
}

/** Of all instances that have no hooks of ours. */
const byUrl = new Map<string, Routed>();

function onHandlerStart(message: unknown): void {
  const { request, route } = message as HandlerMessage;
  if (request?.raw !== undefined && typeof route?.url === "string") setRoute(request.raw, routed(byUrl, route.url));
}

function onHandlerError(message: unknown): void {
  const { request, error } = message as HandlerMessage;
  if (request?.raw !== undefined) failRequest(request.raw, error);
}
