// `node-opentracing/jaeger`: for code that was written for jaeger-client. Only the import line changes.

export * as opentracing from "opentracing";
export { MemoryReporter as InMemoryReporter } from "../report/memory-reporter.ts";
export { MultiReporter as CompositeReporter } from "../report/multi-reporter.ts";
export type { Reporter } from "../report/reporter.ts";
export type { Extractor, Injector } from "./codec.ts";
export type { ReporterConfig, SamplerConfig, TracingConfig, TracingOptions } from "./config.ts";
export { initTracer, initTracerFromEnv } from "./init-tracer.ts";
export type { InitialisedTracer as JaegerTracer } from "./initialised-tracer.ts";
export type { Logger } from "./logger.ts";
export { LoggingReporter } from "./logging-reporter.ts";
export { NoopReporter } from "./noop-reporter.ts";
export {
  type Counter,
  type Gauge,
  type MetricsFactory,
  PrometheusMetricsFactory,
  type Timer,
} from "./prometheus-metrics-factory.ts";
export { RemoteSampler, type RemoteSamplerOptions } from "./remote-sampler.ts";
export { ConstSampler, type JaegerSampler, ProbabilisticSampler, RateLimitingSampler } from "./samplers.ts";
export { JaegerSpan as Span } from "./span.ts";
export { JaegerSpanContext as SpanContext } from "./span-context.ts";
export { TextMapCodec, type TextMapCodecOptions } from "./text-map-codec.ts";
export { JaegerTracer as Tracer, type JaegerTracerOptions } from "./tracer.ts";
export { ZipkinB3TextMapCodec, type ZipkinB3TextMapCodecOptions } from "./zipkin-b3-text-map-codec.ts";
