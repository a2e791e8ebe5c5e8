// The entry node-opentracing/opentelemetry: our API over your OpenTelemetry, and OpenTelemetry's API over our tracer.

export {
  type OpenTelemetryBinding,
  type OpenTelemetryBindingOptions,
  openTelemetryBinding,
} from "./opentelemetry-binding.ts";
export { OpenTelemetryScopeManager } from "./opentelemetry-scope-manager.ts";
export { OpenTelemetrySpan } from "./opentelemetry-span.ts";
export { OpenTelemetrySpanContext } from "./opentelemetry-span-context.ts";
export { type OpenTelemetryOptions, OpenTelemetryTracer } from "./opentelemetry-tracer.ts";
export { registerOpenTelemetry } from "./provider/register.ts";
