// What a foreign tracer sends to its back end: never traced, or each export would make spans to export.

import { AsyncLocalStorage } from "node:async_hooks";
import { untracedWhere } from "../untraced.ts";
import { releaseOwnSockets } from "./own-sockets.ts";

const own = new AsyncLocalStorage<true>();
let isListening = false;

/**
 * Runs `fn` so that the requests it makes, and those of every timer and callback that it starts, become no spans: a tracer is
 * made in it, and told to send in it.
 */
export function asOwnTraffic<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  if (!isListening) {
    isListening = true;
    untracedWhere(() => own.getStore() === true);
    releaseOwnSockets();
  }
  return own.run(true, fn, ...args);
}
