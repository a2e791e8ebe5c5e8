// Traced attributes: properties of a request that become tags.

import type { Span } from "opentracing";
import { REDACTED } from "./redaction.ts";

/** Copies one property of a request to a tag of the same name. May throw what a getter of the request throws. */
export type AttributeTagger = (span: Span, request: unknown) => void;

/**
 * Headers whose values are secrets, and what they become where they are parsed. They are shown to be there, and no more, even
 * where they are asked for by name.
 */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "cookies",
  "proxy-authorization",
  "set-cookie",
  "signedcookies",
  "x-api-key",
  "x-auth-token",
  "x-amz-security-token",
]);

/** Properties whose text is written like a query, without the "?" in front by which one is known in a URL. */
const QUERIES: ReadonlySet<string> = new Set(["query", "querystring", "body", "rawBody"]);

/**
 * Taggers for property paths such as `method`, `headers.user-agent` or `socket.remoteAddress`. A name that has dots itself
 * is found too. What a request lacks, and what is empty as text, is passed over. Buffers become text, other objects JSON.
 * Every text goes through `redact`, which takes secrets out of URLs; what it takes out of a query is no more told where it
 * stands in an object under the same name.
 */
export function attributeTaggers(
  paths: readonly string[],
  redact: (text: string) => string = (text) => text,
): AttributeTagger[] {
  return paths.map((path) => {
    const steps = path.split(".");
    const wanted = pathOf(steps);
    const index = Number(steps.at(-1));
    // `arguments.token.0` is named by the step before. Elsewhere a step is a place: `session.userId` is no session's id.
    const own = Number.isNaN(index) ? wanted.rests : [...wanted.rests, ...steps.slice(-2, -1)];
    const isNamed = [...steps, ...wanted.rests].some(isSecretHeader) || own.some((name) => isSecret(name, redact));
    // The name of `rawHeaders.5` is `rawHeaders.4`.
    const name = index > 0 ? pathOf([...steps.slice(0, -1), String(index - 1)]) : undefined;
    return function tagAttribute(span, request) {
      const text = asText(steps.at(-1)!, propertyOf(request, wanted), redact);
      if (text === undefined || text === "") return;
      const isHidden = isNamed || (name !== undefined && isSecretHeader(propertyOf(request, name)));
      span.setTag(path, isHidden ? REDACTED : text);
    };
  });
}

function isSecretHeader(name: unknown): boolean {
  return typeof name === "string" && SECRET_HEADERS.has(name.toLowerCase());
}

/** Whether it is a header's, or a parameter's that `redact` takes out of a query. */
function isSecret(name: string, redact: (text: string) => string): boolean {
  const query = `?${name}=-`;
  return isSecretHeader(name) || redact(query) !== query;
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

function asText(name: string, value: unknown, redact: (text: string) => string): string | undefined {
  switch (typeof value) {
    case "undefined":
    case "function":
      return undefined;
    case "string":
      return redacted(name, value, redact);
    case "object":
      if (value === null) return undefined;
      if (value instanceof Uint8Array) return redacted(name, new TextDecoder().decode(value), redact);
      return JSON.stringify(value, (key, item) => withoutSecrets(key, item, redact));
    default:
      return String(value);
  }
}

function redacted(name: string, text: string, redact: (text: string) => string): string {
  return QUERIES.has(name) ? redact(`?${redact(text)}`).slice(1) : redact(text);
}

/** For JSON: replaces secrets, in an object by their names, and headers in a flat list of names and values alike. */
function withoutSecrets(name: string, value: unknown, redact: (text: string) => string): unknown {
  if (isSecret(name, redact)) return REDACTED;
  if (typeof value === "string") return redacted(name, value, redact);
  if (!Array.isArray(value)) return value;
  return value.map((item, i) => (isSecretHeader(value[i - 1]) ? REDACTED : item));
}
