// How an operation can fail, and how that is written on a span.

import type { Span } from "opentracing";
import { markFailed } from "../failure.ts";
import { ERROR } from "../tags.ts";

/** An end that no error object describes. Logged as `{ event: "error", "error.kind": kind, message }`. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/**
 * - `client_disconnect`: the client went away before the whole response was sent
 * - `connection_reset`: the connection broke
 * - `timeout`: a time limit passed and the connection was closed for it
 * - `response_cut`: this side destroyed the response before its end
 */
export type FailureKind = "client_disconnect" | "connection_reset" | "timeout" | "response_cut";

/** Marks a span as failed without an error object. */
export function recordFailure(span: Span, failure: Failure): void {
  span.setTag(ERROR, true);
  span.log({ event: "error", "error.kind": failure.kind, message: failure.message });
}

/** Marks a span as failed by `error`, unless that error says that the client was at fault (a status of 400 to 499). */
export function recordError(span: Span, error: unknown): void {
  if (!isClientError(error)) markFailed(span, error);
}

function isClientError(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown };
  const code = typeof statusCode === "number" ? statusCode : status;
  return typeof code === "number" && code >= 400 && code < 500;
}
