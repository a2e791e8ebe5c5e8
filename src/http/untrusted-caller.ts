// A caller whose trace is not continued: the request begins a trace of its own, which says where it came from.

import type { Reference, SpanContext, Tracer } from "opentracing";
import { linkTo } from "../link.ts";
import { LINK_SPAN_ID, LINK_TRACE_ID } from "../tags.ts";

/**
 * What names the caller in the new trace: a reference that is a link, or tags where the tracer has no links. Nothing else of
 * the caller is taken over: neither its sampling decision nor its baggage nor its trace state.
 */
export function linkToCaller(
  tracer: Tracer,
  caller: SpanContext,
  tags: Record<string, unknown>,
): Reference[] | undefined {
  const references = linkTo(tracer, caller);
  if (references !== undefined) return references;
  // What a caller sent that is no span (baggage alone, a decision alone) has no ids. Tracers older than opentracing 0.14.4 tell none.
  const { toTraceId, toSpanId }: Partial<SpanContext> = caller;
  if (toTraceId === undefined || toSpanId === undefined) return undefined;
  const [traceId, spanId] = [toTraceId.call(caller), toSpanId.call(caller)];
  if (traceId && spanId) {
    tags[LINK_TRACE_ID] = traceId;
    tags[LINK_SPAN_ID] = spanId;
  }
  return undefined;
}
