// Puts us into the routers of Express, 4 and 5: what all routers and layers of one copy of it inherit is patched, once.

import type { ServerResponse } from "node:http";
import { patch, type Undo } from "../../patch.ts";
import { failRequest } from "../traced-request.ts";
import type { HandleRequest, Next } from "./middleware.ts";
import type { Layer } from "./pattern.ts";
import { entering, hearing, notAsExpected, type Request, reached } from "./way.ts";

interface App {
  readonly handle: unknown;
  readonly set: unknown;
  /** Express 4, whose `router` throws. */
  readonly lazyrouter?: unknown;
  readonly _router?: unknown;
  /** Express 5. */
  readonly router?: unknown;
}

interface Router {
  readonly stack: readonly MetLayer[];
  handle(request: Request, response: ServerResponse, out: Next): unknown;
}

type MetLayer = Layer & { [MET]?: Copy };
type HandleError = (this: Layer, error: unknown, request: Request, response: ServerResponse, next: Next) => unknown;

const MET: unique symbol = Symbol("node-opentracing.met");

/** Follows the requests of an application, and of all that are of the same copy of Express. Answers false where it is none. */
export function followApp(value: unknown): boolean {
  try {
    const app = (value ?? {}) as Partial<App>;
    if (typeof value !== "function" || typeof app.handle !== "function" || typeof app.set !== "function") return false;
    followRouters(app.lazyrouter === undefined ? app.router : app._router);
    return true;
  } catch (error) {
    notAsExpected(error);
    return false;
  }
}

/** Follows all requests through the routers that come from the same copy of Express as this one. */
function followRouters(router: unknown): void {
  const prototype = isRouter(router) ? ownerOf(router, "handle") : undefined;
  if (prototype === undefined) return;
  let copy = copies.get(prototype);
  if (copy === undefined) {
    copy = new Copy(prototype as Router);
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

/** One copy of Express. A process may have several: of different versions, or one that a package brought along. */
class Copy {
  #isOn = true;
  #metLayers = false;
  readonly #undos: Undo[] = [];

  constructor(routers: Router) {
    const copy = this;
    const { handle } = routers;
    this.#undos.push(
      patch(routers, "handle", function followedHandle(this: Router, request, response, out) {
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
    for (const name of ["handle_request", "handleRequest"]) this.#patchLayers(stack[0]!, name, this.#handleRequest);
    for (const name of ["handle_error", "handleError"]) this.#patchLayers(stack[0]!, name, this.#handleError);
  }

  /** Once for each layer, unless it is frozen: what it runs may be a router of another copy. */
  #meetsLayer(layer: MetLayer): void {
    try {
      Reflect.set(layer, MET, this);
      followRouters(layer.handle);
    } catch (error) {
      notAsExpected(error);
    }
  }

  undo(): void {
    this.#isOn = false;
    for (const undo of this.#undos) undo();
  }

  #patchLayers<F>(layer: Layer, name: string, replacement: (original: F) => F): void {
    const layers = ownerOf(layer, name) as Record<string, F> | undefined;
    if (layers !== undefined) this.#undos.push(patch(layers, name, replacement.call(this, layers[name]!)));
  }

  #handleRequest(handleRequest: HandleRequest): HandleRequest {
    const copy = this;
    return function followedRequest(this: MetLayer, request, response, next) {
      // A route has layers of its own, which have a method and no path.
      if (!copy.#isOn || "method" in this) return handleRequest.call(this, request, response, next);
      if (this[MET] !== copy) copy.#meetsLayer(this);
      const way = reached(this, request, response);
      if (way === undefined) return handleRequest.call(this, request, response, next);
      const heard = way.isWatched ? next : hearing(request, next);
      if (this.name === "mounted_app") {
        const served = handleRequest.call(this, request, response, heard);
        followApp(request.app); // of another copy, perhaps: nothing but a request shows it
        return served;
      }
      if (way.spans === undefined || isRouter(this.handle)) return handleRequest.call(this, request, response, heard);
      return way.spans.run(this, handleRequest, request, response, heard);
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
