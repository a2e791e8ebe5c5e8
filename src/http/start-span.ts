// Starts a span with its tags, whatever the tracer makes of tags that are given at the start.

import { MockTracer, type Reference, type Span, type SpanContext, type Tracer } from "opentracing";

/**
 * What all spans of OpenTracing's MockTracer inherit from; the package does not export their class. By the private method that makes one, as 0.14.7
 * has it: `startSpan` takes a stack trace, too.
 */
const MOCK_SPAN: unknown = Object.getPrototypeOf(new MockTracer()["_allocSpan"]());

/**
 * Calls the tracer's `startSpan`. Tags are given there, for samplers look at them; MockTracer alone ignores them there, and
 * gets them again.
 *
 * @throws what the tracer throws, and TypeError where it answers no span
 */
export function startSpan(
  tracer: Tracer,
  name: string,
  childOf: Span | SpanContext | undefined,
  tags: Record<string, unknown>,
  references?: Reference[] | undefined,
): Span {
  const span: Span | undefined = tracer.startSpan(name, { childOf, references, tags } as { childOf: Span });
  if (typeof span?.finish !== "function") throw new TypeError("startSpan answered no span");
  if (Object.getPrototypeOf(span) === MOCK_SPAN) span.addTags(tags);
  return span;
}
