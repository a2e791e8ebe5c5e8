// What `initTracer` answers where tracing is disabled.

import { Tracer as NoopTracer, type SpanContext } from "opentracing";
import type { Extractor, Injector } from "./codec.ts";
import type { InitialisedTracer } from "./initialised-tracer.ts";

/** OpenTracing's no-op tracer, with the methods that code written for jaeger-client calls. */
export class DisabledTracer extends NoopTracer implements InitialisedTracer {
  registerInjector(_format: string, _injector: Injector): void {}

  registerExtractor(_format: string, _extractor: Extractor): void {}

  /** Nothing, as jaeger-client's: not the no-op context, by which `initTracing` knows that there is no global tracer yet. */
  override extract(_format: string, _carrier: unknown): SpanContext | null {
    return null;
  }

  async flush(_timeLimit?: number): Promise<void> {}

  async close(callback?: () => void): Promise<void> {
    if (typeof callback === "function") process.nextTick(callback);
  }
}
