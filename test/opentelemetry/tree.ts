// Finished OpenTelemetry spans as a picture, like spanTree: name, kind, status, and whose tracer made them.

import type { ReadableSpan } from "./sdk.js";

const KINDS = ["", " server", " client", " producer", " consumer"];
const OURS = new Set(["node-opentracing", "opentracing-shim"]);

/**
 * One line a span: name, two spaces, kind, HTTP status, `error=` and its type; in brackets the tracer, where it is not ours.
 * A span whose parent is not among them stands at the left.
 */
export function otelTree(spans: readonly ReadableSpan[]): string {
  const byStart = [...spans].sort((a, b) => nanoseconds(a) - nanoseconds(b) || 0);
  const known = new Set(byStart.map((span) => span.spanContext().spanId));
  const lines: string[] = [];
  const draw = (span: ReadableSpan, depth: number): void => {
    lines.push("  ".repeat(depth) + describe(span));
    const { spanId } = span.spanContext();
    for (const child of byStart) if (child.parentSpanContext?.spanId === spanId) draw(child, depth + 1);
  };
  for (const span of byStart) if (!known.has(span.parentSpanContext?.spanId ?? "")) draw(span, 0);
  return lines.map((line) => `\n${line}`).join("");
}

function describe({ name, kind, attributes, status, instrumentationScope }: ReadableSpan): string {
  const code = attributes["http.response.status_code"];
  const error = status.code === 2 ? ` error=${attributes["error.type"]}` : "";
  const maker = OURS.has(instrumentationScope.name) ? "" : ` [${instrumentationScope.name.replace(/.*\//, "")}]`;
  return `${name} ${KINDS[kind]}${code === undefined ? "" : ` ${code}`}${error}${maker}`;
}

function nanoseconds({ startTime: [seconds, rest] }: ReadableSpan): number {
  return (seconds % 1_000_000) * 1e9 + rest;
}
