// What an error log says, read without trusting it: errors may be proxies, and their getters may throw.

import { count } from "../diagnostics.ts";
import { valueText } from "./attribute-value.ts";

/** All "" where unknown. */
export interface ErrorFacts {
  /** What tells errors of this kind from others: `error.kind`, a `code`, its class. For `error.type`. */
  readonly kind: string;
  /** The class: `TypeError`. For `exception.type`. */
  readonly type: string;
  readonly message: string;
  /** Its own, and those of its causes. */
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
    const all = told(error);
    const [{ type, message }, ...causes] = all;
    if (type === "" && message === "") return { ...NO_FACTS, message: valueText(error) };
    const words = message || (causes[0]?.message ?? "");
    return { kind: codeIn(all) || type, type, message: words, stack: stackOf(all) };
  } catch (reason) {
    count("report.encode_error", 1, "an error that was logged cannot be read", reason);
    return NO_FACTS;
  }
}

/**
 * The stack of an error, and below it those of its causes, each after `Caused by: `: what went wrong with `TypeError: fetch failed` stands
 * there. "" without one. Throws what the error's getters throw.
 */
export function errorStack(error: object): string {
  return stackOf(told(error));
}

/** What one error says by itself. All "" where unknown. */
interface Told {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string;
}

/**
 * What an error, its causes and the errors of an AggregateError say: each once, for there may be rings, and none below one that cannot be
 * read.
 */
function told(error: object): [Told, ...Told[]] {
  const all: [Told, ...Told[]] = [read(error)];
  const seen = new Set<unknown>([error]);
  try {
    for (const one of seen) {
      for (const cause of causesOf(one)) {
        if (cause === undefined || cause === null || all.length > MAX_CAUSES || seen.has(cause)) continue;
        seen.add(cause);
        all.push(typeof cause === "object" ? read(cause) : { ...NO_FACTS, code: "", message: text(cause) });
      }
    }
  } catch (reason) {
    count("report.encode_error", 1, "the cause of an error cannot be read", reason);
  }
  return all;
}

/** Node's own has neither message nor cause where none of a name's addresses takes a connection, but an error for each. */
function causesOf(error: unknown): unknown[] {
  const { cause, errors } = Object(error) as { readonly cause?: unknown; readonly errors?: unknown };
  return [cause, ...(Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [])];
}

function read(error: object): Told {
  const { name, message, stack, code } = error as Record<string, unknown>;
  return {
    type: text(name),
    message: text(message),
    stack: text(stack),
    code: typeof code === "string" && CODE.test(code) ? code : "",
  };
}

function stackOf([error, ...causes]: readonly [Told, ...Told[]]): string {
  if (error.stack === "") return "";
  const below = causes.map(({ type, message, stack }) => stack || [type, message].filter(Boolean).join(": "));
  return [error.stack, ...below.filter(Boolean)].join("\nCaused by: ");
}

/** Its code, else that of the first cause that has one, below errors whose class says nothing but that there was an error. */
function codeIn(all: readonly Told[]): string {
  for (const { code, type } of all) {
    if (code !== "") return code;
    if (type !== "Error" && type !== "TypeError") return "";
  }
  return "";
}

const MAX_CAUSES = 8;

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
