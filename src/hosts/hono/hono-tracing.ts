// Hono 4 on Node: one middleware tells the route whose handler answered, and the errors on the way.

import type { Routed } from "../../http/server-handler.ts";
import { look } from "../frameworks.ts";
import { ownMiddleware } from "../own-middleware.ts";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { beginRequest } from "../servers.ts";
import { failRequest, routeOf, setRoute, tracedOf } from "../traced-request.ts";
import { nodeOf, spanMatched } from "./middleware.ts";

/** What is read of Hono's context, so that nobody needs its types. */
export interface HonoContext {
  readonly req: object;
  /** @hono/node-server puts Node's objects here. */
  readonly env: unknown;
  readonly error: Error | undefined;
}

/** A middleware for `app.use`. */
export type HonoMiddleware = (c: HonoContext, next: () => Promise<void>) => Promise<void>;

/**
 * Names the spans of a Hono application after its routes, and records what its code throws. It goes in front of all other
 * middleware:
 *
 *     app.use(honoTracing());                    // where initTracing() or traceServer() traces the requests
 *     app.use(honoTracing({ tracing }));         // this application alone, with settings of its own
 *
 * A request without Node's objects, as `app.request()` makes them, is passed on untouched.
 *
 * @throws TypeError where there is no such option, or its value is of the wrong kind
 */
export function honoTracing(options?: PluginOptions): HonoMiddleware {
  checkPluginOptions("honoTracing", options);
  const http = options?.tracing?.http;
  const traceMiddleware = options?.traceMiddleware;

  async function serve(request: object, c: HonoContext, next: () => Promise<void>): Promise<void> {
    // Also where the request is not traced: a decorated handler may start its span yet.
    const outer = routeOf(request);
    setRoute(request, new HonoRoute(c, outer instanceof HonoRoute ? outer : undefined));
    if (traceMiddleware ?? tracedOf(request)?.tracing.traceMiddleware) {
      look(spanMatched, c.req);
    }
    try {
      await next();
    } catch (error) {
      // Hono catches errors; what is thrown and is none goes through.
      failRequest(request, error);
      throw error;
    }
    if (c.error !== undefined) failRequest(request, c.error);
  }

  function traceRequest(c: HonoContext, next: () => Promise<void>): Promise<void> {
    const { incoming, outgoing } = nodeOf(c);
    if (incoming === undefined) return next();
    if (http === undefined || outgoing === undefined || tracedOf(incoming) !== undefined) {
      return serve(incoming, c, next);
    }
    return http.scope.run(beginRequest(http, incoming, outgoing), serve, incoming, c, next);
  }
  return ownMiddleware(traceRequest);
}

/** Asked for its route when the request has ended, which may be before its middleware has. */
class HonoRoute implements Routed {
  readonly request: HonoRequest;
  /** What the request was told before: by an application that this one is mounted in, or that sent it here otherwise. */
  readonly outer: HonoRoute | undefined;

  constructor(c: HonoContext, outer: HonoRoute | undefined) {
    this.request = c.req as HonoRequest;
    this.outer = outer;
  }

  get component(): string {
    return "hono";
  }

  get route(): string | undefined {
    return look(wholeRoute, this);
  }
}

function wholeRoute(honoRoute: HonoRoute): string | undefined {
  const route = routeIn(honoRoute.request);
  if (route === undefined) return undefined;
  // As Hono joins paths.
  return route === "/" ? mountPath(honoRoute) || route : mountPath(honoRoute) + route;
}

function routeIn({ matchedRoutes, routeIndex }: HonoRequest): string | undefined {
  // The handler that was reached last. Where that is a middleware, it answered in place of a route, or no route matched.
  const reached = matchedRoutes?.[routeIndex];
  return reached === undefined || isMiddleware(reached) ? undefined : reached.path;
}

/** Where an application is mounted: `/api/admin` for `app.mount("/admin", ...)` in one that is mounted itself. Empty where it is not. */
function mountPath({ request, outer }: HonoRoute): string {
  if (outer === undefined) return "";
  // The same application, in which the middleware is twice, or one that was handed the request as it was.
  if (outer.request.path === request.path) return mountPath(outer);
  const mounted = mountedAt(outer.request, request);
  return mounted === undefined ? "" : mountPath(outer) + mounted;
}

function mountedAt({ matchedRoutes, routeIndex, path }: HonoRequest, inner: HonoRequest): string | undefined {
  const reached = matchedRoutes?.[routeIndex];
  if (reached === undefined || !isMiddleware(reached) || !reached.path.endsWith("/*")) return undefined;
  // A mounted application is asked for less than the whole path, or for "/" where that is all; others may be asked for anything.
  const isAll = inner.path === "/" && path.split("/").length < reached.path.split("/").length;
  const isMounted = inner.path.length < path.length && (isAll || path.endsWith(inner.path));
  return isMounted ? reached.path.slice(0, -2) : undefined;
}

/**
 * `app.use` registers for all methods, as `app.all` does. Hono tells them apart by their parameters, and so do we: a
 * middleware takes `next`. What is for every method and every path is no route, however it is written.
 */
function isMiddleware({ method, path, handler }: HonoRouterRoute): boolean {
  if (method !== "ALL") return false;
  const own = (handler as { __COMPOSED_HANDLER?: typeof handler }).__COMPOSED_HANDLER ?? handler;
  return own.length > 1 || path === "/*" || path === "*";
}

/** The part of Hono's request that says what the router found. */
interface HonoRequest {
  /** Deprecated in favour of a function that only Hono itself can import; the same list. */
  readonly matchedRoutes?: readonly HonoRouterRoute[];
  /** Of the handler that was called last. */
  readonly routeIndex: number;
  readonly path: string;
}

interface HonoRouterRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: (...args: never[]) => unknown;
}
