// What `recordException` makes of an exception: the attributes of an event.

import type { Attributes } from "@opentelemetry/api";
import { count } from "../../diagnostics.ts";
import { errorStack } from "../../report/error-facts.ts";

/**
 * `exception.type`, `exception.message` and `exception.stacktrace`, as far as they are known: of a text its message, of an
 * object its code, else its class, as OpenTelemetry's SDK has it. Undefined for what is no exception. Never throws: getters
 * of errors may.
 */
export function exceptionAttributes(exception: unknown): Attributes | undefined {
  if (typeof exception === "string") return { "exception.message": exception };
  if (typeof exception !== "object" || exception === null) return undefined;
  try {
    const { name, code, message } = exception as Record<string, unknown>;
    const attributes: Attributes = {};
    const type = textOf(code || undefined) || textOf(name);
    if (type !== "") attributes["exception.type"] = type;
    if (textOf(message) !== "") attributes["exception.message"] = textOf(message);
    if (type === "" && textOf(message) === "") return undefined;
    const stack = errorStack(exception);
    if (stack !== "") attributes["exception.stacktrace"] = stack;
    return attributes;
  } catch (error) {
    count("report.encode_error", 1, "an exception that was recorded cannot be read", error);
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
