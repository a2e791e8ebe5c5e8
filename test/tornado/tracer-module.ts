// A module that `opentracingTracerCallable` names.

import type { Tracer } from "opentracing";

export function makeTracer({ tracer }: { tracer: Tracer }): Tracer {
  return tracer;
}
