// Koa 2 and 3: one middleware tells the route that @koa/router or koa-router found, and the errors on the way.

import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "../../listen.ts";
import { ownMiddleware } from "../own-middleware.ts";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { beginRequest } from "../servers.ts";
import { failRequest, setRoute, tracedOf } from "../traced-request.ts";
import { type Composed, spannedRest } from "./middleware.ts";
import { KoaRoute } from "./route.ts";

/** What is read of Koa's context, so that nobody needs its types. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly app: object;
  /** Set by koa-mount while an application that is mounted in another has the request. */
  readonly mountPath?: string;
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
    return noted(ctx, next, withSpans ? spannedRest(ctx, traceRequest) : undefined);
  }

  function traceRequest(ctx: KoaContext, next: Next): Promise<unknown> {
    if (http === undefined || tracedOf(ctx.req) !== undefined) return serve(ctx, next);
    return http.scope.run(beginRequest(http, ctx.req, ctx.res), serve, ctx, next);
  }
  return ownMiddleware(traceRequest);
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
