// One application of NestJS: traces it as its platform, and names requests after the routes that NestJS makes.

import { errorMonitor } from "node:events";
import { copyMetadata } from "../../copy-metadata.ts";
import { warn } from "../../diagnostics.ts";
import { isPlainPromise } from "../../follow-promise.ts";
import type { Routed } from "../../http/server-handler.ts";
import { listen } from "../../listen.ts";
import { patch, type Undo, undoAll } from "../../patch.ts";
import { expressTracing } from "../express/express-tracing.ts";
import { fastifyTracing } from "../fastify/fastify-tracing.ts";
import type { PluginOptions } from "../plugin-options.ts";
import { isServer, traceServer } from "../servers.ts";
import { failRequest, routeOf, setRoute, tracedOf } from "../traced-request.ts";

/** What NestJS hands to a module's `configure`, as much of it as we use. */
export interface NestConsumer {
  getHttpAdapter?(): NestAdapter | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: Express's, Fastify's and NestJS's own handlers
type Handler = (...args: any[]) => unknown;

/** NestJS's own face of Express or Fastify: one object an application. */
interface NestAdapter {
  getType?(): string;
  getInstance?(): unknown;
  getHttpServer?(): unknown;
  use?(middleware: Handler): unknown;
  reply?(response: Raw, body: unknown, ...rest: unknown[]): unknown;
  setNotFoundHandler?(handler: Handler, ...rest: unknown[]): unknown;
  createMiddlewareFactory?(method: unknown): unknown;
}

/**
 * Traces the application as its platform: starts a span for every request of its server, and of others that it is mounted in,
 * where there is a tracing; sees what of it is not NestJS's. Fastify serves "localhost" by a server for each address, of which
 * NestJS knows one.
 */
export function tracePlatform(consumer: NestConsumer, options: PluginOptions): Undo {
  const adapter = consumer.getHttpAdapter?.();
  const server = adapter?.getHttpServer?.();
  // An adapter of another making may have none.
  const undo = options.tracing !== undefined && isServer(server) ? traceServer(server, options.tracing) : nothing;
  attempt(() => {
    if (adapter?.getType?.() === "express") adapter.use?.(expressTracing(options));
    if (adapter?.getType?.() === "fastify") fastifyTracing(adapter.getInstance?.() as object, options, thrown);
  });
  return undo;
}

function thrown(error?: Error): void {
  if (error !== undefined) throw error;
}

/** What a request of Fastify keeps Node's in. */
interface Raw {
  readonly raw?: object;
}

/** Adapters whose routes are being made. Applications may share one. */
const naming = new WeakSet<object>();

/**
 * Names requests by the routes that the application registers from now until it is undone: the pattern as the platform gets it,
 * global prefix and version included.
 */
export function nameRoutes(consumer: NestConsumer): Undo {
  const adapter = consumer.getHttpAdapter?.() as (NestAdapter & Record<string, unknown>) | undefined;
  if (adapter === undefined || naming.has(adapter)) return nothing;
  naming.add(adapter);
  const undos: Undo[] = [() => naming.delete(adapter)];
  for (const name of VERBS) {
    const register = adapter[name];
    if (typeof register !== "function") continue;
    undos.push(
      patch(adapter, name, function registerNamed(this: unknown, ...args: unknown[]) {
        const [path, handler] = args;
        // Another use of the name: Express's `get` reads settings.
        if (args.length !== 2 || typeof handler !== "function") return Reflect.apply(register, this, args);
        return register.call(this, path, named(handler as Handler, { component: NEST, route: String(path) }));
      }),
    );
  }
  const { setNotFoundHandler, createMiddlewareFactory } = adapter;
  if (setNotFoundHandler !== undefined) {
    undos.push(
      patch(adapter, "setNotFoundHandler", function setNamed(this: unknown, handler, ...rest) {
        return setNotFoundHandler.call(this as NestAdapter, named(handler, UNROUTED), ...rest);
      }),
    );
  }
  if (createMiddlewareFactory !== undefined) {
    undos.push(
      patch(adapter, "createMiddlewareFactory", function createNamed(this: unknown, method) {
        const apply = createMiddlewareFactory.call(this as NestAdapter, method);
        // Fastify's is async.
        return isPlainPromise(apply) ? apply.then(middlewareNamed) : middlewareNamed(apply);
      }),
    );
  }
  return undoAll(undos);
}

/**
 * To Express, middleware that a module applies to one method's requests is a route; to Fastify, all of it stands before a route that is
 * known already. If it replies, it has done so in place of a route.
 */
function middlewareNamed(apply: unknown): unknown {
  if (typeof apply !== "function") return apply;
  return (path: unknown, callback: Handler) => Reflect.apply(apply, undefined, [path, inPlaceOfRoute(callback)]);
}

function inPlaceOfRoute(callback: Handler): Handler {
  return (request: Raw & object, response: unknown, next: Handler) => {
    const raw = request.raw ?? request;
    const route = routeOf(raw);
    setRoute(raw, UNROUTED);
    return callback(request, response, (...args: unknown[]) => {
      if (route !== undefined) setRoute(raw, route);
      return next(...args);
    });
  };
}

const NEST = "nestjs";
const UNROUTED: Routed = { component: NEST, route: undefined };

/** What NestJS calls to make a route, by the decorators `@Get()` to `@All()`. */
const VERBS: readonly string[] = [
  ...["get", "post", "put", "patch", "delete", "head", "options", "all", "search", "query"],
  ...["propfind", "proppatch", "mkcol", "copy", "move", "lock", "unlock"],
];

/** The handler, with what its platform reads of it: its metadata, version, name and length. */
function named(handler: Handler, routed: Routed): Handler {
  function namedHandler(this: unknown, ...args: unknown[]): unknown {
    const request = args[0] as (Raw & object) | undefined;
    if (request !== undefined) setRoute(request.raw ?? request, routed);
    return Reflect.apply(handler, this, args);
  }
  copyMetadata(handler, namedHandler);
  return namedHandler;
}

/** Records the errors of streams that the application answers with (StreamableFile): NestJS hands those to no filter. */
export function seeStreams(consumer: NestConsumer): Undo {
  const adapter = consumer.getHttpAdapter?.();
  const { reply } = adapter ?? {};
  if (adapter === undefined || reply === undefined) return nothing;
  return patch(adapter, "reply", function watchedReply(this: NestAdapter, response, body, ...rest) {
    if (typeof body === "object" && body !== null) attempt(() => watchStream(response, body));
    return reply.call(this, response, body, ...rest);
  });
}

/** What we use of a StreamableFile, and what tells it from an entity of the application that happens to have a `getStream`. */
interface StreamableFile {
  getStream(): Parameters<typeof listen>[0] | undefined;
  getHeaders(): unknown;
  errorLogger(error: Error): void;
}

function watchStream(response: Raw, body: Partial<StreamableFile>): void {
  const raw = response.raw ?? response;
  if (tracedOf(raw) === undefined || !isStreamableFile(body)) return;
  const stream = body.getStream();
  if (stream !== undefined) listen(stream, errorMonitor, (error: unknown) => failRequest(raw, error));
}

function isStreamableFile(body: Partial<StreamableFile>): body is StreamableFile {
  const { getStream, getHeaders, errorLogger } = body;
  return typeof getStream === "function" && typeof getHeaders === "function" && typeof errorLogger === "function";
}

/** NestJS and its platforms are not ours: what they do not let us do costs a name, and no more. */
export function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    warn(
      "framework.unknown",
      "NestJS is not built as was expected; some of its routes and errors will be missing",
      error,
    );
    return undefined;
  }
}

function nothing(): void {}
