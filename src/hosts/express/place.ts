// Where in an application a router is mounted, and the routes below it: each pattern is put together once.

import type { Routed } from "../../http/server-handler.ts";

/** Applications that make their patterns up as they go must not fill the memory. */
const MAX_BELOW = 1000;

/** A request that no route has answered. */
export const NO_ROUTE: Routed = { component: "express", route: undefined };

/** The mount paths down to a router, as patterns. */
export class Place {
  /** Undefined where one of them is not known. */
  readonly #prefix: string | undefined;
  readonly #places = new Map<string, Place>();
  readonly #routes = new Map<string, Routed>();

  constructor(prefix: string | undefined) {
    this.#prefix = prefix;
  }

  /** The place of a router that is mounted here at `pattern`. */
  mounted(pattern: string | undefined): Place {
    if (pattern === "") return this;
    if (pattern === undefined || this.#prefix === undefined) return UNKNOWN;
    let place = this.#places.get(pattern);
    if (place === undefined) {
      place = new Place(this.#prefix + pattern);
      if (this.#places.size < MAX_BELOW) this.#places.set(pattern, place);
    }
    return place;
  }

  /** What to tell of a request that the route with this pattern answers. */
  routed(pattern: string | undefined): Routed {
    if (pattern === undefined || this.#prefix === undefined) return NO_ROUTE;
    let routed = this.#routes.get(pattern);
    if (routed === undefined) {
      const route = pattern === "/" ? this.#prefix || "/" : this.#prefix + pattern;
      routed = { component: NO_ROUTE.component, route };
      if (this.#routes.size < MAX_BELOW) this.#routes.set(pattern, routed);
    }
    return routed;
  }
}

/** Where no mount path is above. */
export const ROOT: Place = new Place("");
/** Where nothing can be told of the routes. */
export const UNKNOWN: Place = new Place(undefined);
