// Spans below a request's, for what a framework calls on the way. Whatever the tracer does, that is called.

import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import { recordServerError } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { startSpan } from "../http/start-span.ts";
import type { COMPONENT, MIDDLEWARE_TYPE } from "../tags.ts";
import type { TracedRequest } from "./traced-request.ts";

/**
 * Starts the span of one call of a middleware or hook. Undefined where the tracer fails.
 *
 * @param type `middleware`, or the hook's name
 */
export function startChild(
  { tracing, span }: TracedRequest,
  component: string,
  name: string,
  type: string,
): Span | undefined {
  try {
    return startSpan(tracing.tracer, name, span, { component, "middleware.type": type } satisfies ChildTags);
  } catch (error) {
    warn("tracer.error", "the tracer failed to start a span; a middleware or hook is called without one", error);
    return undefined;
  }
}

interface ChildTags {
  [COMPONENT]: string;
  [MIDDLEWARE_TYPE]: string;
}

/** Records what it threw, rejected with or passed on. */
export function failChild(span: Span, error: unknown, tracing: HttpTracing): void {
  try {
    recordServerError(span, error, tracing.redact);
  } catch (tracerError) {
    warn("tracer.error", "the tracer threw while recording an error", tracerError);
  }
}

export function finishChild(span: Span): void {
  try {
    span.finish();
  } catch (error) {
    warn("tracer.error", "the tracer threw while finishing a span", error);
  }
}
