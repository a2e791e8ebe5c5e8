// Writes logged errors as texts, for tracers that make "{}" of an error object.

import type { Span } from "opentracing";
import { errorFacts } from "../report/error-facts.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a log with `error.kind`, `message` and `stack` (OpenTracing's semantic conventions) in place of
 * `error.object`. The same fields where there is none.
 */
export function withErrorTexts(fields: Fields): Fields {
  if (typeof fields !== "object" || fields?.["error.object"] === undefined) return fields;
  const { "error.object": _, ...others } = fields;
  const { kind, message, stack } = errorFacts(fields);
  const result: Record<string, unknown> = others;
  if (kind !== "") result["error.kind"] = kind;
  if (message !== "") result["message"] = message;
  if (stack !== "") result["stack"] = stack;
  return result;
}

/** Makes a tracer's span write the errors that it logs as texts. */
export function logErrorTexts(span: Span): void {
  span.log = log;
}

/** One function for all spans: what it replaces is on their prototype. */
function log(this: Span, fields: Fields, timestamp?: number): Span {
  return (Object.getPrototypeOf(this) as Span).log.call(this, withErrorTexts(fields), timestamp);
}
