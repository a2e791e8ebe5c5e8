// What code written for jaeger-client calls on its tracer, whether tracing is on or off.

import type { Tracer } from "opentracing";
import type { Extractor, Injector } from "./codec.ts";

/** An OpenTracing tracer with jaeger-client's own methods. */
export interface InitialisedTracer extends Tracer {
  registerInjector(format: string, injector: Injector): void;
  registerExtractor(format: string, extractor: Extractor): void;
  /** Resolves when every finished span has been delivered or given up. Never rejects. */
  flush(timeLimit?: number): Promise<void>;
  /** Flushes and releases everything; then calls back, and resolves. Never rejects. */
  close(callback?: () => void): Promise<void>;
}
