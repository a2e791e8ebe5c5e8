// h3's own tracing channel, and what its events tell.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Routed } from "../../http/server-handler.ts";
import type { Framework } from "../frameworks.ts";
import { failRequest, setRoute } from "../traced-request.ts";

/**
 * Applications that h3's own plug-in `tracingPlugin` of "h3/tracing" is registered in, as Nitro does, publish what they do: with
 * those, `initTracing()` alone learns the route.
 */
export const H3: Framework = {
  start() {
    subscribe("tracing:h3.request:start", onStart);
    subscribe("tracing:h3.request:error", onError);
    return function undo() {
      unsubscribe("tracing:h3.request:start", onStart);
      unsubscribe("tracing:h3.request:error", onError);
    };
  },
};

/** What is read of an event, so that nobody needs h3's types. */
export interface H3TracedEvent {
  readonly context: { readonly matchedRoute?: { readonly route?: string } | undefined };
  /** srvx puts Node's objects here. */
  readonly runtime?:
    | { readonly node?: { readonly req: object; readonly res?: object | undefined } | undefined }
    | undefined;
}

interface Message {
  readonly type?: "route" | "middleware";
  readonly event?: H3TracedEvent;
  readonly error?: unknown;
}

function onStart(message: unknown): void {
  const { event, type } = (message ?? {}) as Message;
  const request = event?.runtime?.node?.req;
  // Of a middleware it is not known whether it will answer in place of the route.
  if (request !== undefined) setRoute(request, type === "route" ? routedBy(event!) : NO_ROUTE);
}

function onError(message: unknown): void {
  const { event, error } = (message ?? {}) as Message;
  const request = event?.runtime?.node?.req;
  if (request !== undefined) noteError(request, error);
}

/** h3 rejects with a symbol where a handler of Node's kind has answered. */
export function noteError(request: object, error: unknown): void {
  if (typeof error !== "symbol") failRequest(request, error);
}

const NO_ROUTE: Routed = { component: "h3", route: undefined };
const routes = new WeakMap<object, Routed>();

/** What is known of an event's route: the same object for all requests of a route. */
export function routedBy({ context }: H3TracedEvent): Routed {
  const matched = context?.matchedRoute;
  if (typeof matched?.route !== "string") return NO_ROUTE;
  let routed = routes.get(matched);
  if (routed === undefined) {
    routed = { component: "h3", route: matched.route };
    routes.set(matched, routed);
  }
  return routed;
}
