// An OpenTelemetry span as our reporters get spans, so that the contracts can look at it.

import type { SpanContext, Tracer } from "node-opentracing";
import type { FinishedSpan } from "#src/report/reporter.js";
import type { ReadableSpan } from "./sdk.js";

/** `tracer` reads the ids. The names must be OpenTracing's. */
export function finishedSpan(span: ReadableSpan, tracer: Tracer): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  const context = contextOf(tracer, traceId, spanId);
  const parent = span.parentSpanContext && contextOf(tracer, traceId, span.parentSpanContext.spanId);
  const tags: unknown[] = Object.entries(span.attributes).flat();
  if (span.status.code === 2) tags.push("error", true);
  if (span.status.code === 1) tags.push("error", false);
  return {
    context,
    parentSpanId0: parent?.spanId0 ?? 0,
    parentSpanId1: parent?.spanId1 ?? 0,
    parentIsRemote: span.parentSpanContext?.isRemote ?? false,
    operationName: span.name,
    startTime: milliseconds(span.startTime),
    endTime: milliseconds(span.endTime),
    tags,
    logs: span.events.map(({ name, attributes = {}, time }) => ({
      timestamp: milliseconds(time),
      fields: name === "exception" ? errorFields(attributes) : { event: name, ...attributes },
    })),
    references: [],
    droppedTags: 0,
    droppedLogs: 0,
  };
}

function contextOf(tracer: Tracer, traceId: string, spanId: string): SpanContext {
  return tracer.extract("http_headers", { traceparent: `00-${traceId}-${spanId}-01` })!;
}

function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

/** With a stack it was an error object. */
function errorFields(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { "exception.type": type, "exception.message": message, "exception.stacktrace": stack, ...rest } = attributes;
  if (stack === undefined) return { ...rest, event: "error", "error.kind": type, message };
  return { ...rest, event: "error", "error.object": Object.assign(new Error(String(message)), { name: type, stack }) };
}
