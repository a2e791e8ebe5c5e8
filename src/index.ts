// node-opentracing: names only.

export { BaggagePropagator } from "./propagation/baggage.ts";
export { defaultPropagators, propagatorsByName } from "./propagation/default-propagators.ts";
export type { Propagator, TextCarrier } from "./propagation/propagator.ts";
export { TraceContextPropagator } from "./propagation/w3c.ts";
export { MemoryReporter } from "./report/memory-reporter.ts";
export type { FinishedSpan, LogEntry, Reporter, SpanReference } from "./report/reporter.ts";
export { AsyncScopeManager } from "./scope/async-scope-manager.ts";
export type { ScopeManager } from "./scope/scope-manager.ts";
export type { Baggage, TraceContext } from "./trace-context.ts";
export { Span } from "./tracer/span.ts";
export { SpanContext } from "./tracer/span-context.ts";
export { Tracer, type TracerOptions } from "./tracer/tracer.ts";
export { Tracing, type TracingOptions } from "./tracing.ts";
