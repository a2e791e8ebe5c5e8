// How an operation can fail, and how that is written on a span.

import type { Span } from "opentracing";
import { markFailed } from "../mark-failed.ts";
import { ERROR } from "../tags.ts";
import { redactedError } from "./redacted-error.ts";

/** An end that is not the application's error. Logged as `{ event: "error", "error.kind": kind, message }`. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** What the application or Node gave as the reason, logged as `error.object`, redacted. */
  readonly error?: unknown;
}

/**
 * - `client_disconnect`: the client went away before the whole response was sent
 * - `request_aborted`: the client went away before its request was complete
 * - `connection_reset`: the connection broke: the peer, or something between, reset it
 * - `timeout`: a time limit passed and the connection was closed for it
 * - `response_cut`: this side destroyed the response, the request or the connection before the end
 * - `server_closed`: `server.closeAllConnections()`, or the HTTP/2 session's `destroy()`, while the request was being served
 * - `invalid_request`: what the client sent was no HTTP, and the connection was closed for it
 */
export type FailureKind =
  | "client_disconnect"
  | "request_aborted"
  | "connection_reset"
  | "timeout"
  | "response_cut"
  | "server_closed"
  | "invalid_request";

/** The error recorded last on a span: what passes several handlers on its way out is logged once. */
const recorded = new WeakMap<Span, unknown>();

/**
 * Marks a span as failed in one of the ways above. A response that was cut because of an error that is logged already is not logged.
 * URLs in the texts of its error are redacted.
 */
export function recordFailure(span: Span, failure: Failure, redact: (url: string) => string): void {
  span.setTag(ERROR, true);
  const { kind, message, error } = failure;
  if (kind === "response_cut" && recorded.has(span)) return;
  const fields: Record<string, unknown> = { event: "error", "error.kind": kind, message };
  if (error !== undefined) fields["error.object"] = redactedError(error, redact);
  span.log(fields);
}

/**
 * Marks the span of a request that we serve, or of a part of it, as failed by `error`, unless that error says that the client
 * was at fault (a `statusCode` or `status` of 400 to 499).
 */
export function recordServerError(span: Span, error: unknown, redact: (url: string) => string): void {
  if (!isClientError(error)) recordError(span, error, redact);
}

/** Marks a span as failed by `error`. The same error reported twice in a row is logged once; URLs in its texts are redacted. */
export function recordError(span: Span, error: unknown, redact: (url: string) => string): void {
  if (recorded.has(span) && recorded.get(span) === error) return;
  recorded.set(span, error);
  markFailed(span, redactedError(error, redact));
}

/** Whether an error says that the client was at fault. Never throws, though reading a property of a user's error may. */
export function isClientError(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  try {
    const { status, statusCode } = error as { status?: unknown; statusCode?: unknown };
    const code = typeof statusCode === "number" ? statusCode : status;
    return typeof code === "number" && code >= 400 && code < 500;
  } catch {
    return false;
  }
}
