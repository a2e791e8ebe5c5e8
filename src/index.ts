// node-opentracing: names only.

export { type CounterName, type DiagnosticsMessage, diagnostics } from "./diagnostics.ts";
export { MemoryReporter } from "./report/memory-reporter.ts";
export type { FinishedSpan, LogEntry, Reporter, SpanReference } from "./report/reporter.ts";
export { AsyncScopeManager } from "./scope/async-scope-manager.ts";
export type { Scope, ScopeManager } from "./scope/scope-manager.ts";
export type { ActiveSpanOptions } from "./scope/start-active-span.ts";
export type { SpanLimits } from "./tracer/limits.ts";
export {
  ALWAYS,
  NEVER,
  ParentBasedSampler,
  type ParentContext,
  RateLimitSampler,
  RatioSampler,
  type Sampler,
} from "./tracer/sampler.ts";
export { Span } from "./tracer/span.ts";
export { SpanContext } from "./tracer/span-context.ts";
export { Tracer, type TracerOptions } from "./tracer/tracer.ts";
export { Tracing, type TracingOptions } from "./tracing.ts";
