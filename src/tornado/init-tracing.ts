// Tornado's init_tracing: turns the tracing of applications and of their client on, and takes it back.

import { readEnvironment } from "../environment.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Undo } from "../patch.ts";
import { Tracing } from "../tracing.ts";
import { traceTornadoClient } from "./client-tracing.ts";

/** What is on: undefined before `initTracing`, and after it was taken back. */
let traced: { readonly undo: Undo; undoClient: Undo } | undefined;

/** The policy of the application that was made last. */
let last: HttpTracing | undefined;

/**
 * From now on the requests of every Application are traced, each by its settings, and so is AsyncHTTPClient, by the settings
 * of the application that was made last; before there is one, with the global tracer. No tracer is made or chosen here. A
 * second call changes nothing. With OTEL_SDK_DISABLED=true nothing is traced.
 *
 * @returns a function that takes it back
 */
export function initTracing(): Undo {
  if (traced !== undefined) return traced.undo;
  if (readEnvironment().isDisabled) return nothing;
  const mine = { undo: uninitTracing, undoClient: traceClient(last ?? new Tracing().http) };
  function uninitTracing(): void {
    mine.undoClient();
    if (traced === mine) traced = undefined;
  }
  traced = mine;
  return uninitTracing;
}

/** Whether `initTracing` was called, and not taken back. */
export function isInitialized(): boolean {
  return traced !== undefined;
}

/** Lets the client follow the policy of an application, if and while tracing is on. */
export function followedByClient(http: HttpTracing): void {
  last = http;
  if (traced === undefined) return;
  traced.undoClient();
  traced.undoClient = traceClient(http);
}

function traceClient(http: HttpTracing): Undo {
  return http.traceClient ? traceTornadoClient(http) : nothing;
}

function nothing(): void {}
