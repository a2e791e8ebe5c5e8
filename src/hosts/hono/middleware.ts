// Spans for the middleware of a Hono application, where they are asked for.

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Next, spanMiddleware } from "../middleware-span.ts";
import { isOwn } from "../own-middleware.ts";
import { tracedOf } from "../traced-request.ts";

interface Context {
  /** @hono/node-server puts Node's objects here. */
  readonly env?: unknown;
}

/** What @hono/node-server passes as `env`. */
interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Node's request and response, where an application passes them on. */
export function nodeOf({ env }: Context): Partial<NodeBindings> {
  try {
    const { incoming, outgoing } = (env ?? {}) as Partial<NodeBindings>;
    return { incoming, outgoing };
  } catch {
    return {}; // an `env` of the application that lets nobody ask for what it does not know
  }
}

/** `__COMPOSED_HANDLER`: what a handler of a sub-application that answers its errors itself was before Hono wrapped it. */
type Handler = ((c: Context, next: Next) => unknown) & { readonly __COMPOSED_HANDLER?: Handler };

/** What a router keeps of one `app.use` or `app.get`, and hands out, the same array, with each match. */
type Entry = [handler: Handler, route: { readonly method: string }];

const spannedHandlers = new WeakSet<Handler>();

/**
 * Sees to it that the middleware which this request matched, all but ours, is called in spans: by replacing it in what the
 * router keeps of it, once. For a request that is not traced, the replacement is a plain call.
 */
export function spanMatched(request: object): void {
  for (const match of matchesOf(request)) {
    const entry = match?.[0];
    if (!Array.isArray(entry) || typeof entry[0] !== "function" || entry[1]?.method !== "ALL") continue;
    const [handler] = entry;
    const original = handler.__COMPOSED_HANDLER ?? handler;
    if (isOwn(original) || original.length < 2 || spannedHandlers.has(handler)) continue;
    entry[0] = spanned(handler, original.name);
    spannedHandlers.add(entry[0]);
  }
}

/** The router's answer, which Hono keeps under a symbol that only Hono can import. Empty where it is not found. */
function matchesOf(request: object): readonly (readonly [Entry])[] {
  for (const symbol of Object.getOwnPropertySymbols(Object.getPrototypeOf(request))) {
    const found = (request as Record<symbol, unknown>)[symbol] as [unknown] | undefined;
    if (Array.isArray(found) && Array.isArray(found[0])) return found[0];
  }
  return [];
}

function spanned(handler: Handler, name: string): Handler {
  return function spannedHandler(c, next) {
    const traced = tracedOf(nodeOf(c).incoming);
    return traced === undefined ? handler(c, next) : spanMiddleware(traced, "hono", name, handler, c, next);
  };
}
