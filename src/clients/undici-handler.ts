// The objects that undici reports its requests' events to, which tell who made a request.

import { AsyncResource } from "node:async_hooks";

/**
 * The object that undici reports a request's events to: an AsyncResource for its own functions, plain for fetch, anything
 * else where a dispatcher was composed. Kept under a symbol that each copy of undici makes for itself.
 */
export function handlerOf(request: object): unknown {
  const handler = (request as Record<symbol, unknown>)[handlerSymbol];
  if (handler !== undefined) return handler;
  for (const symbol of Object.getOwnPropertySymbols(request)) {
    if (symbol.description !== "handler") continue;
    handlerSymbol = symbol;
    return (request as Record<symbol, unknown>)[symbol];
  }
  return undefined;
}

/** The one that was found last. */
let handlerSymbol: symbol = Symbol("none yet");

/** Why the caller's signal aborted: undici's functions keep it, and report a plain abort. */
export function reasonOf(handler: unknown): unknown {
  return handler instanceof AsyncResource ? (handler as { reason?: unknown }).reason : undefined;
}

/** Whether an interceptor, perhaps one that retries, stands between undici and the caller. */
export function isComposed(handler: unknown): boolean {
  if (handler === undefined || handler === null || handler instanceof AsyncResource) return false;
  if (Object.getPrototypeOf(handler) === Object.prototype) return false;
  // With undici 6 or 7 from npm on Node 26, every handler is wrapped so for Node's undici 8.
  return (
    (handler as { readonly constructor?: { readonly name?: string } }).constructor?.name !== "LegacyHandlerWrapper"
  );
}

/** Whether a RetryHandler may try again after this error. */
export function isRetried(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string };
  return code !== undefined && RETRIED.has(code);
}

const RETRIED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "UND_ERR_REQ_RETRY",
  "UND_ERR_SOCKET",
]);
