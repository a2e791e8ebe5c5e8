// Follows requests through the routers of one copy of Express, 4 or 5: which route each reaches, and the errors on the way.

import type { IncomingMessage, ServerResponse } from "node:http";
import { warn } from "../diagnostics.ts";
import { patch, type Undo } from "../patch.ts";
import { isError, MiddlewareSpans, type Next } from "./express-middleware.ts";
import { type Layer, type Pattern, patternOf } from "./express-pattern.ts";
import { NO_ROUTE, type Place, ROOT, UNKNOWN } from "./express-place.ts";
import { failRequest, setRoute, tracedOf } from "./traced-request.ts";

/** Node's request, with what Express adds to it. */
export type Request = IncomingMessage & { readonly baseUrl?: string; readonly app?: { path?(): string }; [WAY]?: Way };

interface Router {
  readonly stack: readonly Layer[];
  handle(request: Request, response: ServerResponse, out: Next): unknown;
}

type HandleRequest = (this: Layer, request: Request, response: ServerResponse, next: Next) => unknown;
type HandleError = (this: Layer, error: unknown, request: Request, response: ServerResponse, next: Next) => unknown;

const WAY: unique symbol = Symbol("node-opentracing.way");
const FACTS: unique symbol = Symbol("node-opentracing.facts");

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
}

/** The way of a request, which begins here where we have not seen it before. Undefined where it cannot be marked. */
export function wayOf(request: Request, response: ServerResponse): Way | undefined {
  const known = request[WAY];
  if (known !== undefined || !Object.isExtensible(request)) return known;
  const way = new Way();
  const base = request.baseUrl ?? "";
  if (base !== "") {
    // It is on its way already. A mounted application knows at what path it is: one with parameters we will learn next time.
    way.place = way.entered = request.app?.path?.() === base ? ROOT.mounted(base) : UNKNOWN;
    way.base = base.length;
  }
  const traced = tracedOf(request);
  if (traced?.tracing.traceMiddleware) way.spans = new MiddlewareSpans(traced, response);
  request[WAY] = way;
  setRoute(request, NO_ROUTE);
  return way;
}

/** Follows all requests through the routers that come from the same copy of Express as this one. */
export function followRouters(router: unknown): void {
  const prototype = isRouter(router) ? ownerOf(router, "handle") : undefined;
  if (prototype === undefined) return;
  let copy = copies.get(prototype);
  if (copy === undefined) {
    copy = new Copy(prototype as unknown as Router);
    copies.set(prototype, copy);
  }
  copy.meets(router as unknown as Router);
}

/** Takes back what `followRouters` did. */
export function unfollowRouters(): void {
  for (const copy of copies.values()) copy.undo();
  copies.clear();
}

/** By what their routers inherit from. */
const copies = new Map<object, Copy>();

function isRouter(value: unknown): boolean {
  const { handle, stack } = (value ?? {}) as Partial<Router>;
  return typeof value === "function" && typeof handle === "function" && Array.isArray(stack);
}

/** What an object inherits a method from. */
function ownerOf(object: unknown, method: string): object | undefined {
  let owner: object | null = Object.getPrototypeOf(object);
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner);
  return owner ?? undefined;
}

/** One copy of Express: what all its routers and layers inherit is patched. */
class Copy {
  #isOn = true;
  #metLayers = false;
  readonly #undos: Undo[] = [];

  constructor(prototype: Router) {
    const copy = this;
    const { handle } = prototype;
    this.#undos.push(
      patch(prototype, "handle", function followedHandle(this: Router, request, response, out) {
        if (!copy.#isOn || typeof out !== "function") return handle.call(this, request, response, out);
        copy.meets(this);
        return handle.call(this, request, response, entering(request, response, out));
      }),
    );
  }

  /** Layers are patched when there are any. */
  meets({ stack }: Router): void {
    if (this.#metLayers || stack.length === 0) return;
    this.#metLayers = true;
    // Express 5 gave the methods other names, and changed nothing else about them.
    for (const name of ["handle_request", "handleRequest"]) this.#patchLayer(stack[0]!, name, this.#handleRequest);
    for (const name of ["handle_error", "handleError"]) this.#patchLayer(stack[0]!, name, this.#handleError);
  }

  undo(): void {
    this.#isOn = false;
    for (const undo of this.#undos) undo();
  }

  #patchLayer<F>(layer: Layer, name: string, replacement: (original: F) => F): void {
    const prototype = ownerOf(layer, name) as Record<string, F> | undefined;
    if (prototype !== undefined) this.#undos.push(patch(prototype, name, replacement.call(this, prototype[name]!)));
  }

  #handleRequest(handleRequest: HandleRequest): HandleRequest {
    const copy = this;
    return function followedRequest(request, response, next) {
      // A route has layers too, which have a method and no path.
      const way = copy.#isOn && !("method" in this) ? reached(this, request, response) : undefined;
      if (way === undefined) return handleRequest.call(this, request, response, next);

      const heard = way.isWatched ? next : hearing(request, next);
      if (way.spans === undefined || !factsOf(this).isMiddleware) {
        return handleRequest.call(this, request, response, heard);
      }
      const name = this.handle.name || "middleware";
      return way.spans.run(name, handleRequest as never, this, request, response, heard);
    };
  }

  #handleError(handleError: HandleError): HandleError {
    const copy = this;
    return function followedError(error, request, response, next) {
      if (copy.#isOn) failRequest(request, error);
      return handleError.call(this, error, request, response, next);
    };
  }
}

/** A request enters a router. Answers what to call in place of `out` when it leaves that. */
function entering(request: Request, response: ServerResponse, out: Next): Next {
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
    else if (!isWatched) passedOn(way, request, response);
    return Reflect.apply(out, this, arguments);
  };
}

/** A request reaches a layer of a router. */
function reached(layer: Layer, request: Request, response: ServerResponse): Way | undefined {
  try {
    const way = wayOf(request, response);
    if (way === undefined) return undefined;
    const { pattern } = factsOf(layer);
    if (layer.route !== undefined) {
      setRoute(request, way.place.routed(typeof pattern === "string" ? pattern : pattern(pathOf(request.url!))));
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
    warn(
      "framework.unknown",
      "an Express router is not built as was expected; a request is named by its method",
      error,
    );
    return undefined;
  }
}

/** A route that passed its request on has not answered it, unless it had by then. */
function passedOn(way: Way, request: Request, response: ServerResponse): void {
  if (!way.hasRoute || response.headersSent) return;
  way.hasRoute = false;
  setRoute(request, NO_ROUTE);
}

/** A `next` that hears of errors: for requests that were in a router already when we came to follow them. */
function hearing(request: Request, next: Next): Next {
  return function heardNext(this: unknown, error) {
    if (isError(error)) failRequest(request, error);
    return Reflect.apply(next, this, arguments);
  };
}

/** What a layer of a router is, which does not change. */
interface Facts {
  readonly pattern: Pattern;
  readonly isMiddleware: boolean;
}

function factsOf(layer: Layer & { [FACTS]?: Facts }): Facts {
  if (layer[FACTS] !== undefined) return layer[FACTS];
  const { handle, name, route } = layer;
  // Of another copy of Express, perhaps.
  followRouters(handle);
  const isMiddleware = route === undefined && !isRouter(handle) && !OWN_LAYERS.has(name) && handle.length < 4;
  layer[FACTS] = { pattern: patternOf(layer), isMiddleware };
  return layer[FACTS];
}

/** What Express itself mounts: in Express 4 in front of everything, and for an application in an application. */
const OWN_LAYERS = new Set<unknown>(["query", "expressInit", "mounted_app"]);

/** The path in a request's URL, which a client may also send as a whole: `http://host/path`. */
function pathOf(url: string): string {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const end = url.indexOf("?");
  return url.slice(Math.max(start, 0), end < 0 ? undefined : end);
}
