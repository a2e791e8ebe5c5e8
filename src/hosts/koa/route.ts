// The route of a Koa request, from what its routers leave on its context: @koa/router's and koa-router's.

import type { Routed } from "../../http/server-handler.ts";
import { look } from "../frameworks.ts";

/** Asked for its route when the request has ended, which may be before its middleware has. */
export class KoaRoute implements Routed {
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
  // router, which has no methods. With no route before it, it answered in place of one, or has a route's path: then it is that.
  let route: RouterLayer | undefined;
  let isPast = false;
  for (const layer of matched as readonly RouterLayer[]) {
    const { path, methods } = layer;
    if (methods.length === 0) isPast ||= path === ran;
    if (!methods.includes(method)) continue;
    if (!isPast || path === ran) route = layer;
    if (path === ran) break;
  }
  if (route === undefined) return undefined;
  const path = String(route.path);
  const mounted = mountPath(ctx, route);
  return path === "/" ? mounted || path : mounted + path;
}

/**
 * Where koa-mount has mounted what answered: a path without parameters, which the router was not shown. It is left on the context
 * for whatever comes behind, too, and the innermost is all that is: so what the router captured must be in the rest of the path.
 */
function mountPath({ mountPath: mounted, originalUrl, captures }: RouterContext, route: RouterLayer): string {
  if (typeof mounted !== "string" || typeof originalUrl !== "string" || !originalUrl.startsWith(mounted)) return "";
  const rest = originalUrl.slice(mounted.length).split("?", 1)[0] || "/";
  const [whole] = originalUrl.split("?", 1);
  const isMounted =
    route.match?.(rest) === true &&
    String(route.captures?.(rest)) === String(captures) &&
    (route.match(whole!) === false || String(route.captures?.(whole!)) !== String(captures));
  return isMounted ? mounted : "";
}

/**
 * What the routers leave on the context: `matched` is of all routers, `_matchedRoute` the path of the layer that ran last,
 * `captures` what that took from the path.
 */
interface RouterContext {
  readonly method: string;
  readonly originalUrl?: unknown;
  readonly matched?: readonly RouterLayer[] | null;
  readonly _matchedRoute?: string | RegExp | null;
  readonly captures?: unknown;
  /** koa-mount's. */
  readonly mountPath?: unknown;
}

interface RouterLayer {
  readonly path: string | RegExp;
  readonly methods: readonly string[];
  match?(path: string): boolean;
  captures?(path: string): unknown;
}
