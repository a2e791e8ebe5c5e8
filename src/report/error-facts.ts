// What an error log says, read without trusting it: errors may be proxies, and their getters may throw.

import { count } from "../diagnostics.ts";
import { valueText } from "./attribute-value.ts";

/** All "" where unknown. */
export interface ErrorFacts {
  /** What tells errors of this kind from others: `error.kind`, an error's `code`, its class. For `error.type`. */
  readonly kind: string;
  /** The class: `TypeError`. For `exception.type`. */
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

export const NO_FACTS: ErrorFacts = { kind: "", type: "", message: "", stack: "" };

/** Error codes are few and fixed; anything else in `code` might be data. */
const CODE = /^[A-Z][A-Z0-9_]{1,60}$/;

/**
 * Reads the fields of `{ event: "error", "error.object", "error.kind", message, stack }`. The fields come before what the
 * error object says. Never throws.
 */
export function errorFacts(fields: Readonly<Record<string, unknown>>): ErrorFacts {
  const object = objectFacts(fields["error.object"]);
  const kind = text(fields["error.kind"]);
  return {
    kind: kind || object.kind,
    type: object.type || kind,
    message: text(fields["message"]) || object.message,
    stack: text(fields["stack"]) || object.stack,
  };
}

function objectFacts(error: unknown): ErrorFacts {
  if (error === undefined || error === null) return NO_FACTS;
  if (typeof error !== "object") return { ...NO_FACTS, message: valueText(error) };
  try {
    const { name, message, stack, code } = error as Record<string, unknown>;
    const type = text(name);
    if (type === "" && text(message) === "") return { ...NO_FACTS, message: valueText(error) };
    return {
      kind: typeof code === "string" && CODE.test(code) ? code : type,
      type,
      message: text(message),
      stack: text(stack),
    };
  } catch (reason) {
    count("report.encode_error", 1, "an error that was logged cannot be read", reason);
    return NO_FACTS;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
