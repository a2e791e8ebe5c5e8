// From a log entry to an event of an OpenTelemetry span, in OpenTracing's names or in the stable ones.

import type { Attributes } from "@opentelemetry/api";
import { errorFacts } from "../report/error-facts.ts";
import { writeEvent } from "../report/semantic-conventions.ts";
import { putAttribute } from "./attribute.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The attributes as the compatibility page has them ("Log"): every field under its own name, and those of an error under
 * the names of an exception event. What the fields say counts before what the error object says.
 */
export function plainEvent(fields: Fields, isError: boolean): Attributes {
  const attributes: Attributes = {};
  for (const name in fields) {
    if (!isError || !ERROR_FIELDS.has(name)) putAttribute(attributes, name, fields[name]);
  }
  if (!isError) return attributes;
  const { type, message, stack } = errorFacts(fields);
  const kind = fields["error.kind"];
  if (kind !== undefined || type !== "") putAttribute(attributes, "exception.type", kind ?? type);
  if (message !== "") attributes["exception.message"] = message;
  if (stack !== "") attributes["exception.stacktrace"] = stack;
  return attributes;
}

/** The attributes under the names that our own exporters give them. */
export function stableEvent(fields: Fields): Attributes {
  const attributes: Attributes = {};
  writeEvent({ attribute: (name, value) => putAttribute(attributes, name, value) }, { fields });
  return attributes;
}

const ERROR_FIELDS: ReadonlySet<string> = new Set(["error.object", "error.kind", "message", "stack"]);
