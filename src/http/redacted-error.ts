// Keeps secrets of URLs out of the errors that are logged: Node and undici quote the URL in their messages.

import { redactedText } from "./redaction.ts";

/** How many causes below an error are looked at; one that lies deeper is left out of a copy. */
const MAX_DEPTH = 8;

/**
 * The error as it may be logged: itself where it tells no secret, otherwise a stand-in of the same class, with name, code
 * and status, whose message, stack and causes are redacted and which keeps no URL beside them. The caller's own error is never changed. Never throws.
 */
export function redactedError(error: unknown, redact: (url: string) => string): unknown {
  try {
    return withoutSecrets(error, redact, 0);
  } catch {
    return error; // whoever logs it cannot read it either
  }
}

function withoutSecrets(error: unknown, redact: (url: string) => string, depth: number): unknown {
  if (typeof error === "string") return redactedText(error, redact);
  if (typeof error !== "object" || error === null) return error;
  if (depth >= MAX_DEPTH) return undefined;
  const { message, stack } = error as Error;
  const told = redacted(message, redact);
  const trace = redacted(stack, redact);
  const because = redactedCause(error, redact, depth + 1);
  const errors = redactedErrors(error, redact, depth + MAX_DEPTH / 2);
  const isClean = because === undefined && errors === undefined && !keepsSecret(error, redact);
  if (told === message && trace === stack && isClean) return error;

  const copy: object = Object.create(Object.getPrototypeOf(error));
  for (const name of KEPT) set(copy, name, (error as Record<string, unknown>)[name]);
  set(copy, "message", told);
  set(copy, "stack", trace);
  set(copy, "cause", because === undefined ? (error as Error).cause : because.cause);
  if (errors !== undefined) set(copy, "errors", errors);
  return copy;
}

/**
 * What becomes of an AggregateError's errors, undefined where they stay. Those that cannot be read are left out. Called half of the way
 * down: each error may have as many again.
 */
function redactedErrors(error: object, redact: (url: string) => string, depth: number): unknown[] | undefined {
  try {
    const { errors } = error as { readonly errors?: unknown };
    if (!Array.isArray(errors)) return undefined;
    const told = errors.slice(0, MAX_DEPTH).map((one) => withoutSecrets(one, redact, depth));
    return told.some((one, i) => one !== errors[i]) ? told : undefined;
  } catch {
    return [];
  }
}

/** Whether a URL that it keeps beside its texts, as Node's ERR_INVALID_URL does, has a secret, or cannot be read. */
function keepsSecret(error: object, redact: (url: string) => string): boolean {
  try {
    const { input, base } = error as { readonly input?: unknown; readonly base?: unknown };
    return [input, base].some((url) => typeof url === "string" && redact(url) !== url);
  } catch {
    return true;
  }
}

/** What becomes of the cause, undefined where it stays. One that cannot be read is left out: what is above it is redacted all the same. */
function redactedCause(
  error: object,
  redact: (url: string) => string,
  depth: number,
): { readonly cause: unknown } | undefined {
  try {
    const { cause } = error as Error;
    const told = withoutSecrets(cause, redact, depth);
    return told === cause ? undefined : { cause: told };
  } catch {
    return { cause: undefined };
  }
}

const KEPT: readonly string[] = ["name", "code", "status", "statusCode"];

function redacted(text: unknown, redact: (url: string) => string): unknown {
  return typeof text === "string" ? redactedText(text, redact) : text;
}

/** Defined, not assigned: a DOMException's prototype has getters of these names. */
function set(copy: object, name: string, value: unknown): void {
  if (value !== undefined) Object.defineProperty(copy, name, { value, configurable: true, writable: true });
}
