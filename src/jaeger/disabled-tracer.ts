// What `initTracer` answers where tracing is disabled.

import { Tracer as NoopTracer } from "opentracing";
import type { Extractor, Injector } from "./codec.ts";

/** OpenTracing's no-op tracer, with the methods that code written for jaeger-client calls. */
export class DisabledTracer extends NoopTracer {
  registerInjector(_format: string, _injector: Injector): void {}

  registerExtractor(_format: string, _extractor: Extractor): void {}

  async flush(_timeLimit?: number): Promise<void> {}

  async close(callback?: () => void): Promise<void> {
    if (typeof callback === "function") process.nextTick(callback);
  }
}
