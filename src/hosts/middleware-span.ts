// One call of a middleware that awaits what comes behind it (Koa's, Hono's), as a span below the request's.

import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import { followPromise, isPlainPromise } from "../follow-promise.ts";
import { recordError } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { startSpan } from "../http/start-span.ts";
import { COMPONENT, MIDDLEWARE_TYPE } from "../tags.ts";
import type { TracedRequest } from "./traced-request.ts";

/** The `next` of these frameworks. */
export type Next = () => Promise<unknown>;

/** A middleware's call, that hands its `next` on wrapped. */
type Call<C> = (context: C, next: Next) => unknown;

/**
 * Calls a middleware in a span of its own, which lasts until what it answers has settled, and answers that. What comes behind
 * it runs in the request's span, and an error that it merely lets pass is not recorded on its own.
 */
export function spanMiddleware<C>(
  { tracing, span: parent }: TracedRequest,
  component: string,
  name: string,
  middleware: Call<C>,
  context: C,
  next: Next,
): unknown {
  const span = start(tracing, component, name || "middleware", parent);
  if (span === undefined) return middleware(context, next);

  let passed: [unknown] | undefined;
  const nextInRequest: Next = () =>
    followPromise(tracing.scope.run(parent, next), nothing, (error) => {
      passed = [error];
    });
  const settled = (): void => finish(span);
  const failed = (error: unknown): void => {
    if (passed === undefined || passed[0] !== error) record(span, error, tracing);
    finish(span);
  };

  let result: unknown;
  try {
    result = tracing.scope.run(span, middleware, context, nextInRequest);
  } catch (error) {
    failed(error);
    throw error;
  }
  if (isPlainPromise(result)) return followPromise(result, settled, failed);
  settled();
  return result;
}

function start(tracing: HttpTracing, component: string, name: string, parent: Span): Span | undefined {
  try {
    return startSpan(tracing.tracer, name, parent, { [COMPONENT]: component, [MIDDLEWARE_TYPE]: "middleware" });
  } catch (error) {
    warn("tracer.error", "the tracer failed to start a span; a middleware is called without one", error);
    return undefined;
  }
}

function record(span: Span, error: unknown, tracing: HttpTracing): void {
  try {
    recordError(span, error, tracing.redact);
  } catch (tracerError) {
    warn("tracer.error", "the tracer threw while recording an error", tracerError);
  }
}

function finish(span: Span): void {
  try {
    span.finish();
  } catch (error) {
    warn("tracer.error", "the tracer threw while finishing a span", error);
  }
}

function nothing(): void {}
