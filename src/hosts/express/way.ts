// The way of one request through the routers of Express: where it is, which route it reaches, and what it is told then.

import type { IncomingMessage, ServerResponse } from "node:http";
import { warn } from "../../diagnostics.ts";
import type { Routed } from "../../http/server-handler.ts";
import { failRequest, routeOf, setRoute, type TracedRequest, tracedOf } from "../traced-request.ts";
import { isError, MiddlewareSpans, type Next } from "./middleware.ts";
import { type Layer, patternOf } from "./pattern.ts";
import { NO_ROUTE, type Place, ROOT, UNKNOWN } from "./place.ts";

/** Node's request, with what Express adds to it. */
export type Request = IncomingMessage & Followed & { readonly baseUrl?: string; readonly app?: { path?(): string } };

/** A request, or what is known of it where it is traced: that is cheaper. */
interface Followed {
  [WAY]?: Way;
}

const WAY: unique symbol = Symbol("node-opentracing.way");

/** The way of one request through the routers. */
export class Way {
  /** Where the router is that the request is in. */
  place: Place = ROOT;
  /** Where the layer is that runs: a router in it will be there. */
  entered: Place = ROOT;
  /** How much of the path was matched by what is around the router. */
  base = 0;
  /** Whether we will see the request leave the outermost router. */
  isWatched = false;
  hasRoute = false;
  /** Where middleware is to have spans. */
  spans: MiddlewareSpans | undefined;
  /** The route that was told before, by a framework that Express is a middleware of. */
  readonly outer: Routed | undefined;

  constructor(outer: Routed | undefined) {
    this.outer = outer;
  }
}

/**
 * The way of a request, which begins here where we have not seen it before. Undefined where it cannot be followed. Never throws.
 */
export function wayOf(request: Request, response: ServerResponse): Way | undefined {
  const traced = tracedOf(request) as (TracedRequest & Followed) | undefined;
  const known = (traced ?? request)[WAY];
  if (known !== undefined) return known;
  try {
    return begun(request, response, traced);
  } catch (error) {
    notAsExpected(error);
    return undefined;
  }
}

function begun(
  request: Request,
  response: ServerResponse,
  traced: (TracedRequest & Followed) | undefined,
): Way | undefined {
  if (!Object.isExtensible(request)) return undefined;
  // The span may have been started on the way, by a plug-in.
  const way = request[WAY] ?? new Way(traced === undefined ? routeOf(request) : traced.routed);
  const base = request.baseUrl ?? "";
  if (base !== "" && request[WAY] === undefined) {
    // It is on its way already. A mounted application knows at what path it is: one with parameters we will learn next time.
    way.place = way.entered = request.app?.path?.() === base ? ROOT.mounted(base) : UNKNOWN;
    way.base = base.length;
  }
  if (traced?.tracing.traceMiddleware) way.spans = new MiddlewareSpans(traced, response);
  (traced ?? request)[WAY] = way;
  setRoute(request, NO_ROUTE);
  return way;
}

/** A wrong guess at how Express is made costs the route's name, and no more. */
export function notAsExpected(error: unknown): void {
  warn(
    "framework.unknown",
    "an Express application is not built as was expected; its requests are named by their methods",
    error,
  );
}

/** A request enters a router. Answers what to call in place of `out` when it leaves that. */
export function entering(request: Request, response: ServerResponse, out: Next): Next {
  const way = wayOf(request, response);
  if (way === undefined) return out;
  const { place, base, isWatched } = way;
  way.place = way.entered;
  way.base = request.baseUrl?.length ?? 0;
  way.isWatched = true;
  return function left(this: unknown, error) {
    way.place = way.entered = place;
    way.base = base;
    way.isWatched = isWatched;
    if (error) failRequest(request, error);
    else if (!isWatched) leftAll(way, request, response);
    return Reflect.apply(out, this, arguments);
  };
}

/** A request reaches a layer of a router. */
export function reached(layer: Layer, request: Request, response: ServerResponse): Way | undefined {
  try {
    const way = wayOf(request, response);
    if (way === undefined) return undefined;
    const pattern = patternOf(layer);
    if (layer.route !== undefined) {
      // One before it that went on behind its answer has answered all the same.
      if (!way.hasRoute || !response.headersSent) {
        setRoute(request, way.place.routed(typeof pattern === "string" ? pattern : pattern(pathOf(request.url!))));
      }
      way.hasRoute = true;
      // A route takes nothing off the path: a router that it calls is where the route is.
      way.entered = way.place;
    } else {
      passedOn(way, request, response);
      way.entered = way.place.mounted(
        typeof pattern === "string" ? pattern : pattern(request.baseUrl!.slice(way.base) || "/"),
      );
    }
    return way;
  } catch (error) {
    notAsExpected(error);
    return undefined;
  }
}

/** A route that passed its request on has not answered it, unless it had by then. */
function passedOn(way: Way, request: Request, response: ServerResponse): void {
  if (!way.hasRoute || response.headersSent) return;
  way.hasRoute = false;
  setRoute(request, NO_ROUTE);
}

/** A request that leaves the outermost router without an answer goes on where it came from. */
function leftAll(way: Way, request: Request, response: ServerResponse): void {
  passedOn(way, request, response);
  if (way.outer !== undefined && !response.headersSent) setRoute(request, way.outer);
}

/** A `next` that hears of errors: for requests that were in a router already when we came to follow them. */
export function hearing(request: Request, next: Next): Next {
  return function heardNext(this: unknown, error) {
    if (isError(error)) failRequest(request, error);
    return Reflect.apply(next, this, arguments);
  };
}

/** The path in a request's URL, which a client may also send as a whole: `http://host/path`. */
function pathOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const end = url.indexOf("?");
  return url.slice(Math.max(start, 0), end < 0 ? undefined : end);
}
