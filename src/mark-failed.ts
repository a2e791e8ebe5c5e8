// How an error is written on a span: one way for requests and for spans that users start.

import type { Span } from "opentracing";
import { ERROR } from "./tags.ts";

/** Sets `error` and logs the error as OpenTracing's conventions have it. Throws what the span throws. */
export function markFailed(span: Span, error: unknown): void {
  span.setTag(ERROR, true);
  span.log({ event: "error", "error.object": error });
}
