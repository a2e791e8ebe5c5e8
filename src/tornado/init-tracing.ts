// Tornado's init_tracing: turns the tracing of applications and of their client on, and takes it back.

import { AsyncLocalStorage } from "node:async_hooks";
import { readEnvironment } from "../environment.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Undo } from "../patch.ts";
import { Tracing } from "../tracing.ts";
import { traceTornadoClient } from "./client-tracing.ts";

/** Takes it back, while it is on. */
let undo: Undo | undefined;

/** The policy of the application that serves the running request. */
const serving = new AsyncLocalStorage<HttpTracing>();

/** The policy of the application that was made last. */
let last: HttpTracing | undefined;

/**
 * From now on the requests of every Application are traced, each by its settings. So is AsyncHTTPClient: in a request by the
 * settings of the application that serves it, elsewhere by those of the application made last, and with the global tracer
 * before there is one. No tracer is made or chosen here. A second call changes nothing. With OTEL_SDK_DISABLED=true nothing
 * is traced.
 *
 * @returns a function that takes it back
 */
export function initTracing(): Undo {
  if (undo !== undefined) return undo;
  if (readEnvironment().isDisabled) return () => {};
  const byDefault = new Tracing().http;
  const undoClient = traceTornadoClient(() => {
    const http = serving.getStore() ?? last ?? byDefault;
    return http.traceClient ? http : undefined;
  });
  undo = function uninitTracing() {
    undoClient();
    if (undo === uninitTracing) undo = undefined;
  };
  return undo;
}

/** Whether `initTracing` was called, and not taken back. */
export function isInitialized(): boolean {
  return undo !== undefined;
}

/** Notes the policy of an application that is made. */
export function applicationMade(http: HttpTracing): void {
  last = http;
}

/** Runs `serve` so that its fetches follow this policy. */
export function servedBy<T>(http: HttpTracing, serve: () => T): T {
  return serving.run(http, serve);
}
