// Koa 2 and 3: one middleware tells the route that @koa/router or koa-router found, and the errors on the way.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Routed } from "../http/server-handler.ts";
import { listen } from "../listen.ts";
import { look } from "./frameworks.ts";
import { type Composed, spannedRest } from "./koa-middleware.ts";
import { checkPluginOptions, type PluginOptions } from "./plugin-options.ts";
import { beginRequest } from "./servers.ts";
import { failRequest, setRoute, tracedOf } from "./traced-request.ts";

/** What is read of Koa's context, so that nobody needs its types. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly app: object;
}

type Next = () => Promise<unknown>;

/** A middleware for `app.use`. */
export type KoaMiddleware = (ctx: KoaContext, next: Next) => Promise<unknown>;

/**
 * Names the spans of a Koa application after the routes of its routers, and records what its code throws. It goes in front
 * of all other middleware:
 *
 *     app.use(koaTracing());                     // where initTracing() or traceServer() traces the requests
 *     app.use(koaTracing({ tracing }));          // this application alone, with settings of its own
 *
 * @throws TypeError where there is no such option, or its value is of the wrong kind
 */
export function koaTracing(options?: PluginOptions): KoaMiddleware {
  checkPluginOptions("koaTracing", options);
  const http = options?.tracing?.http;
  const traceMiddleware = options?.traceMiddleware;

  function serve(ctx: KoaContext, next: Next): Promise<unknown> {
    // Also where the request is not traced: a decorated handler may start its span yet.
    setRoute(ctx.req, new KoaRoute(ctx));
    hearErrors(ctx.app);
    const withSpans = traceMiddleware ?? tracedOf(ctx.req)?.tracing.traceMiddleware ?? false;
    return noted(ctx, next, withSpans ? spannedRest(ctx.app, traceRequest) : undefined);
  }

  function traceRequest(ctx: KoaContext, next: Next): Promise<unknown> {
    if (http === undefined || tracedOf(ctx.req) !== undefined) return serve(ctx, next);
    return http.scope.run(beginRequest(http, ctx.req, ctx.res), serve, ctx, next);
  }
  return traceRequest;
}

/** Calls what comes behind the middleware: `next`, or the same with spans. */
async function noted(ctx: KoaContext, next: Next, rest: Composed | undefined): Promise<unknown> {
  try {
    return await (rest === undefined ? next() : rest(ctx));
  } catch (error) {
    noteError(error, ctx);
    throw error;
  }
}

/** Also called by the application's "error" event, whose arguments are its users' to choose. */
function noteError(error: unknown, ctx?: Partial<KoaContext> | null): void {
  const request = ctx?.req;
  if (typeof request === "object" && request !== null) failRequest(request, error);
}

const heard = new WeakSet<object>();

/**
 * Koa tells an application's "error" listeners what never passes a middleware: errors of streamed bodies, and what a
 * middleware that answers errors itself passes to `app.emit`.
 */
function hearErrors(app: Partial<KoaEvents> | undefined): void {
  if (app === undefined || heard.has(app)) return;
  heard.add(app);
  // With no listener Koa would have printed nothing, and `emit` have thrown: then ours must not be the first.
  if (typeof app.listenerCount !== "function" || !(app.listenerCount("error") > 0)) return;
  listen(app as KoaEvents, "error", noteError);
}

interface KoaEvents {
  on(event: string | symbol, listener: (...args: never[]) => void): unknown;
  listenerCount(event: string): number;
}

/** Asked for its route when the request has ended, which may be before its middleware has. */
class KoaRoute implements Routed {
  readonly #ctx: RouterContext;

  constructor(ctx: object) {
    this.#ctx = ctx as RouterContext;
  }

  get component(): string {
    return "koa";
  }

  get route(): string | undefined {
    return look(routeIn, this.#ctx);
  }
}

function routeIn(ctx: RouterContext): string | undefined {
  const { _matchedRoute: ran, matched, method } = ctx;
  if (ran === undefined || ran === null) return undefined;
  if (!Array.isArray(matched)) return String(ran);
  // The layers that matched, in the order in which they ran, up to the one that ran last: that one may be a middleware of the
  // router, which has no methods. With no route before it, it answered in place of one.
  let route: RouterLayer | undefined;
  for (const layer of matched as readonly RouterLayer[]) {
    if (layer.methods.length > 0 && !layer.methods.includes(method)) continue;
    if (layer.methods.length > 0) route = layer;
    if (layer.path === ran) break;
  }
  if (route === undefined) return undefined;
  const mount = mountOf(ctx, route.regexp);
  return mount !== "" && route.path === "/" ? mount : mount + String(route.path);
}

/**
 * The path under which koa-mount has the route's application, empty where it does not. koa-mount takes it from the path that routers
 * see, and leaves on the context that of the last mount that the request went into, be the route in there or behind it: that
 * shows by the path which the route's expression matches.
 */
function mountOf({ mountPath, originalUrl }: RouterContext, regexp: unknown): string {
  if (typeof mountPath !== "string" || typeof originalUrl !== "string" || !(regexp instanceof RegExp)) return "";
  const path = originalUrl.split("?", 1)[0]!;
  if (!path.startsWith(mountPath) || path.search(regexp) >= 0) return "";
  return (path.slice(mountPath.length) || "/").search(regexp) >= 0 ? mountPath : "";
}

/** What the routers leave on the context: `matched` is of all routers, `_matchedRoute` the path of the layer that ran last. */
interface RouterContext {
  readonly method: string;
  readonly originalUrl?: string;
  readonly matched?: readonly RouterLayer[] | null;
  readonly _matchedRoute?: string | RegExp | null;
  /** Of koa-mount. */
  readonly mountPath?: unknown;
}

interface RouterLayer {
  readonly path: string | RegExp;
  readonly methods: readonly string[];
  readonly regexp?: unknown;
}
