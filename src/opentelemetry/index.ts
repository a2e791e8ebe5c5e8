// The entry node-opentracing/opentelemetry: our API over your OpenTelemetry, and OpenTelemetry's API over our tracer.

export { registerOpenTelemetry } from "./provider/register.ts";
