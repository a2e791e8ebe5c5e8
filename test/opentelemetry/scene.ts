// A tracing that is registered with OpenTelemetry for the length of a test.

import type { TestContext } from "node:test";
import { MemoryReporter, Tracer, type TracerOptions, Tracing } from "node-opentracing";
import { type SpanTreeOptions, spanTree } from "node-opentracing/testing";
import { api, registerOpenTelemetry } from "./api.js";

export interface Scene {
  readonly reporter: MemoryReporter;
  readonly tracing: Tracing;
  /** OpenTelemetry's tracer "lib". */
  readonly lib: import("@opentelemetry/api").Tracer;
  /** Takes the registration back; done at the end of the test too. */
  readonly undo: () => void;
  readonly tree: (options?: SpanTreeOptions) => string;
}

export function registered(t: TestContext, options: Partial<TracerOptions> = {}): Scene {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter, ...options }));
  const undo = registerOpenTelemetry(tracing);
  t.after(undo);
  const lib = api.trace.getTracer("lib", "2.1");
  return { reporter, tracing, lib, undo, tree: (shown) => spanTree(reporter.spans, shown) };
}
