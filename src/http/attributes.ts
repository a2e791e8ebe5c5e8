// Traced attributes: properties of a request that become tags.

import type { Span } from "opentracing";
import { REDACTED } from "./redaction.ts";

/** Copies one property of a request to a tag of the same name. May throw what a getter of the request throws. */
export type AttributeTagger = (span: Span, request: unknown) => void;

/** Headers whose values are secrets. They are shown to be there, and no more, even where they are asked for by name. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-amz-security-token",
]);

/**
 * Taggers for property paths such as `method`, `headers.user-agent` or `socket.remoteAddress`. A name that has dots itself
 * is found too. What a request lacks, and what is empty as text, is passed over. Buffers become text, other objects JSON.
 * Every text goes through `redact`, which takes secrets out of URLs.
 */
export function attributeTaggers(
  paths: readonly string[],
  redact: (text: string) => string = (text) => text,
): AttributeTagger[] {
  return paths.map((path) => {
    const steps = path.split(".");
    const wanted = pathOf(steps);
    const isNamed = steps.some(isSecretHeader);
    const index = Number(steps.at(-1));
    // The name of `rawHeaders.5` is `rawHeaders.4`.
    const name = index > 0 ? pathOf([...steps.slice(0, -1), String(index - 1)]) : undefined;
    return function tagAttribute(span, request) {
      const text = asText(propertyOf(request, wanted), redact);
      if (text === undefined || text === "") return;
      const isSecret = isNamed || (name !== undefined && isSecretHeader(propertyOf(request, name)));
      span.setTag(path, isSecret ? REDACTED : text);
    };
  });
}

function isSecretHeader(name: unknown): boolean {
  return typeof name === "string" && SECRET_HEADERS.has(name.toLowerCase());
}

interface Path {
  readonly steps: readonly string[];
  /** At each step, what is left of the path as one name. */
  readonly rests: readonly string[];
}

function pathOf(steps: readonly string[]): Path {
  return { steps, rests: steps.map((_, i) => steps.slice(i).join(".")) };
}

function propertyOf(request: unknown, { steps, rests }: Path): unknown {
  let value = request;
  for (let i = 0; i < steps.length; i++) {
    if (value === undefined || value === null) return undefined;
    const rest = (value as Record<string, unknown>)[rests[i]!];
    if (rest !== undefined) return rest;
    value = (value as Record<string, unknown>)[steps[i]!];
  }
  return value;
}

function asText(value: unknown, redact: (text: string) => string): string | undefined {
  switch (typeof value) {
    case "undefined":
    case "function":
      return undefined;
    case "string":
      return redact(value);
    case "object":
      if (value === null) return undefined;
      if (value instanceof Uint8Array) return redact(new TextDecoder().decode(value));
      return JSON.stringify(value, (name, item) => withoutSecrets(name, item, redact));
    default:
      return String(value);
  }
}

/** For JSON: replaces secret headers, in an object of headers and in a flat list of names and values alike. */
function withoutSecrets(name: string, value: unknown, redact: (text: string) => string): unknown {
  if (isSecretHeader(name)) return REDACTED;
  if (typeof value === "string") return redact(value);
  if (!Array.isArray(value)) return value;
  return value.map((item, i) => (isSecretHeader(value[i - 1]) ? REDACTED : item));
}
