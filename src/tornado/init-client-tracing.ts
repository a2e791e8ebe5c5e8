// Traces AsyncHTTPClient alone, without an Application.

import type { Tracer } from "opentracing";
import { readEnvironment } from "../environment.ts";
import { isOfTracing } from "../http/http-tracing.ts";
import { extended } from "../init-tracing.ts";
import { Tracing, type TracingOptions } from "../tracing.ts";
import { traceTornadoClient } from "./client-tracing.ts";

/**
 * Traces every fetch of every `AsyncHTTPClient`, and nothing else. When called again, the tracer given here takes over until
 * its `close`, which brings back the one before; a fetch has one span in any case.
 *
 * @param tracer any OpenTracing tracer, or a `Tracing` object, whose tracer and options are used; without one, the global
 *   tracer, looked up at each use
 * @param options most of all `startSpanCb`, called with each new span and its `HTTPRequest`. Those given here win over
 *   those of a `Tracing` object
 * @throws TypeError for a wrong tracer or option, such as a `startSpanCb` that is no function
 */
export function initClientTracing(tracer?: Tracer | Tracing, options: TracingOptions = {}): Tracing {
  const tracing = isOfTracing<Tracing>(tracer) ? extended(tracer, options) : new Tracing(tracer, options);
  if (readEnvironment().isDisabled) return tracing;
  tracing.http.begun(traceTornadoClient(tracing.http));
  return tracing;
}
