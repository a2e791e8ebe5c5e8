// restify: tells the route, and the error that was passed on, of each request that has ended.

import type { IncomingMessage } from "node:http";
import type { Routed } from "../http/server-handler.ts";
import type { Framework } from "./frameworks.ts";
import { setRoute, tracedOf } from "./traced-request.ts";

/** A request in restify's hands. Its methods are every request's once restify is loaded; only those it serves have the name. */
interface RestifyRequest extends IncomingMessage {
  readonly serverName?: unknown;
  getRoute?(): { readonly path?: unknown } | undefined;
}

export const RESTIFY: Framework = {
  ended(request: RestifyRequest) {
    if (typeof request.serverName !== "string" || request.getRoute === undefined) return;
    const route = request.getRoute();
    setRoute(request, route?.path === undefined ? NO_ROUTE : routed(route, route.path));
    // What a handler rejected with or passed to next. A client that left is in it too, as a 444.
    const traced = tracedOf(request);
    const response = traced?.response as { err?: unknown; statusCode?: number; headersSent?: boolean } | undefined;
    const isAnswered = response?.headersSent === true && response.statusCode !== undefined && response.statusCode < 500;
    if (response?.err && !isAnswered) traced!.failed(response.err);
  },
};

const NO_ROUTE: Routed = { component: "restify", route: undefined };
const known = new WeakMap<object, Routed>();

function routed(route: object, path: unknown): Routed {
  let found = known.get(route);
  if (found === undefined) {
    found = { component: "restify", route: String(path) };
    known.set(route, found);
  }
  return found;
}
