// What a back end has received as pictures: one for each request that began a trace.

import type { Received } from "./sink.js";

/** A tree for each root, by its path; `tags` are shown as `name=value`. */
export function traces(spans: readonly Received[], tags: readonly string[] = []): Record<string, string> {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentId }) => !ids.has(parentId));
  return Object.fromEntries(roots.map((root) => [keyOf(root), `\n${draw(root, 0)}`]));

  function draw(span: Received, depth: number): string {
    const children = spans.filter(({ parentId, traceId }) => parentId === span.spanId && traceId === span.traceId);
    const lines = children.map((child) => draw(child, depth + 1)).sort();
    return [`${"  ".repeat(depth)}${describe(span, tags)}`, ...lines].join("\n");
  }
}

function keyOf(root: Received): string {
  return String(root.tags["http.url"] ?? root.name).replace(/^https?:..[^/]*/, "");
}

function describe(span: Received, tags: readonly string[]): string {
  const shown = tags.flatMap((name) => (span.tags[name] === undefined ? [] : [`${name}=${String(span.tags[name])}`]));
  const words = [span.kind, span.tags["http.status_code"], ...shown].filter((word) => word !== undefined);
  return [span.name, ...(words.length > 0 ? [words.join(" ")] : [])].join("  ");
}
