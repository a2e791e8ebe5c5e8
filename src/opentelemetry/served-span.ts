// The requests that OpenTelemetry's instrumentation-http serves in a span of its own.

import { createContextKey, type Context as OtelContext, type Span as OtelSpan, trace } from "@opentelemetry/api";

/** As in @opentelemetry/core, `setRPCMetadata`: where instrumentation-http notes the span of the request that is served. */
const RPC_METADATA: symbol = createContextKey("OpenTelemetry SDK Context Key RPC_METADATA");

/** Its span, where that is the active one; undefined where none is. */
export function servedSpan(active: OtelContext): OtelSpan | undefined {
  const span = trace.getSpan(active);
  const metadata = active.getValue(RPC_METADATA) as { type?: unknown; span?: unknown } | undefined;
  return metadata?.type === "http" && metadata.span === span ? span : undefined;
}
