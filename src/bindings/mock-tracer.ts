// Binds OpenTracing's MockTracer: tags count from the start of a span, and requests carry no headers instead of failing to.

import type { MockTracer, Span, SpanOptions } from "opentracing";
import { patch } from "../patch.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { loadPackage } from "./installed-module.ts";
import { optionsIn } from "./tracer-parameters.ts";

/** Takes no parameters. The tracer is the one of the `opentracing` that the application has installed. */
export function mockTracer({ parameters }: Asked): BoundTracer {
  optionsIn("opentracing:MockTracer", parameters, {});
  const opentracing = loadPackage<{ MockTracer: new () => MockTracer }>("opentracing");
  const tracer = new opentracing.MockTracer();
  const { startSpan } = tracer;
  patch(tracer, "startSpan", (name: string, options?: SpanOptions): Span => {
    const span = startSpan.call(tracer, name, options);
    if (options?.tags !== undefined) span.addTags(options.tags);
    return span;
  });
  // Its own throw, for they are not written yet.
  patch(tracer, "inject", () => {});
  patch(tracer, "extract", () => null);
  return { tracer, flush: async () => {}, close: async () => {} };
}
