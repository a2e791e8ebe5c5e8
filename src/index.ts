// node-opentracing: names only.

export { type CounterName, type DiagnosticsMessage, diagnostics } from "./diagnostics.ts";
export type { PluginOptions } from "./hosts/plugin-options.ts";
export { traceServer } from "./hosts/servers.ts";
export type { OutgoingRequest } from "./http/client-handler.ts";
export { DEFAULT_REDACTED } from "./http/redaction.ts";
export { initClientTracing, initTracing, type Settings } from "./init-tracing.ts";
export { REFERENCE_LINK } from "./link.ts";
export type { Undo } from "./patch.ts";
export { BaggagePropagator } from "./propagation/baggage.ts";
export { type PropagatorName, propagatorsByName } from "./propagation/default-propagators.ts";
export type { Propagator, TextCarrier } from "./propagation/propagator.ts";
export { TraceContextPropagator } from "./propagation/w3c.ts";
export { ConsoleReporter, type ConsoleReporterOptions } from "./report/console-reporter.ts";
export { MemoryReporter } from "./report/memory-reporter.ts";
export { MultiReporter } from "./report/multi-reporter.ts";
export { OtlpReporter, type OtlpReporterOptions } from "./report/otlp-reporter.ts";
export type {
  FinishedSpan,
  InstrumentationScope,
  LogEntry,
  Reporter,
  SpanReference,
  SpanStatus,
} from "./report/reporter.ts";
export { type TraceLine, traceText } from "./report/trace-text.ts";
export { ZipkinReporter, type ZipkinReporterOptions } from "./report/zipkin-reporter.ts";
export { AsyncScopeManager } from "./scope/async-scope-manager.ts";
export type { Scope, ScopeManager } from "./scope/scope-manager.ts";
export type { ActiveSpanOptions } from "./scope/start-active-span.ts";
export type { Baggage, TraceContext } from "./trace-context.ts";
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
export type { TracerCallable } from "./tracer-callable.ts";
export { Tracing, type TracingOptions } from "./tracing.ts";
