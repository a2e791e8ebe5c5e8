// Runs a function in a span of its own.

import type { Span, SpanOptions, Tracer } from "opentracing";
import type { ScopeManager } from "./scope-manager.ts";

/** SKELETON: to be completed. */
export function startActiveSpan<T>(
  tracer: Tracer,
  scope: ScopeManager,
  name: string,
  options: SpanOptions,
  fn: (span: Span) => T,
): T {
  const span = tracer.startSpan(name, { childOf: scope.active(), ...options });
  try {
    return scope.run(span, fn, span);
  } finally {
    span.finish();
  }
}
