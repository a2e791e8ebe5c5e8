// OpenTelemetry's mark on a context in which nothing is to be traced, such as an exporter's own requests.

import { type Context, createContextKey } from "@opentelemetry/api";

/** The key that OpenTelemetry's own packages use (`suppressTracing` of @opentelemetry/core): a registered symbol, so one for all. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Whether spans are not to be recorded in this context. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}
