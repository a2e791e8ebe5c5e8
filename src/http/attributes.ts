// Traced attributes: properties of a request that become tags.

import type { Span } from "opentracing";

/** Copies one property of a request to a tag of the same name. */
export type AttributeTagger = (span: Span, request: unknown) => void;

/**
 * Taggers for property paths such as `method`, `headers.user-agent` or `socket.remoteAddress`. What a request lacks, and
 * what is empty as text, is passed over. Objects become JSON.
 */
export function attributeTaggers(paths: readonly string[]): AttributeTagger[] {
  return paths.map((path) => {
    const steps = path.split(".");
    return function tagAttribute(span, request) {
      let value: unknown = request;
      for (const step of steps) {
        if (value === undefined || value === null) return;
        value = (value as Record<string, unknown>)[step];
      }
      const text = asText(value);
      if (text !== undefined && text !== "") span.setTag(path, text);
    };
  });
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === "function") return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
