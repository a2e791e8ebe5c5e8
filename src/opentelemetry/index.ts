// The entry node-opentracing/opentelemetry: our API over your OpenTelemetry, and OpenTelemetry's API over our tracer.

export { OpenTelemetryTracer } from "./opentelemetry-tracer.ts";
export { registerOpenTelemetry } from "./provider/register.ts";
