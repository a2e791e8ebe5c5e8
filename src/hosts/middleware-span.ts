// One call of a middleware that awaits what comes behind it (Koa's, Hono's), as a span below the request's.

import { followPromise, isPlainPromise } from "../follow-promise.ts";
import { failChild, finishChild, startChild } from "./child-span.ts";
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
  traced: TracedRequest,
  component: string,
  name: string,
  middleware: Call<C>,
  context: C,
  next: Next,
): unknown {
  const span = startChild(traced, component, name || "middleware", "middleware");
  if (span === undefined) return middleware(context, next);

  const { tracing, span: parent } = traced;
  let passed: [unknown] | undefined;
  const nextInRequest: Next = () =>
    followPromise(tracing.scope.run(parent, next), nothing, (error) => {
      passed = [error];
    });
  const settled = (): void => finishChild(span);
  const failed = (error: unknown): void => {
    if (passed === undefined || passed[0] !== error) failChild(span, error, tracing);
    finishChild(span);
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

function nothing(): void {}
