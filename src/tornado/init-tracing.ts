// Tornado's init_tracing: turns the tracing of applications on, and takes it back.

import { readEnvironment } from "../environment.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Undo } from "../patch.ts";

/** Takes the tracing back, once it is on. */
let undo: Undo | undefined;

/** The policy of the application that was made last. */
let last: HttpTracing | undefined;

/**
 * From now on the requests of every Application are traced, and AsyncHTTPClient, each by its settings. No tracer is made
 * or chosen here. A second call changes nothing. With OTEL_SDK_DISABLED=true nothing is traced.
 *
 * @returns a function that takes it back
 */
export function initTracing(): Undo {
  if (undo !== undefined || readEnvironment().isDisabled) return undo ?? nothing;
  undo = function uninitTracing() {
    undo = undefined;
  };
  return undo;
}

/** Whether `initTracing` was called, and not taken back. */
export function isInitialized(): boolean {
  return undo !== undefined;
}

/** Lets clients follow the policy of an application: as in the original, that of the one made last. */
export function followedByClients(http: HttpTracing): void {
  last = http;
}

function nothing(): void {}
