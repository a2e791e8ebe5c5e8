// Finished spans as a picture: an indented tree in text, for tests to compare.

import type { FinishedSpan, LogEntry } from "../report/reporter.ts";
import { ERROR, HTTP_STATUS_CODE, SPAN_KIND, tagOf } from "../tags.ts";
import { parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";

export interface SpanTreeOptions {
  /** Tags to show besides kind, status and error, as `name=value`. */
  readonly tags?: readonly string[];
  /** Whether to show each span's logs, indented below it as `- event field=value`. */
  readonly logs?: boolean;
}

/**
 * Draws spans as trees, one line a span: operation name, two spaces, kind, status, `error`. Children are indented by two
 * spaces below their parent, in the order in which they started. Several traces follow one another.
 *
 *     GET /orders/:id  server 200
 *       GET  client 200
 *         GET /stock  server 200
 *
 * A span whose parent is not among `spans` stands at the left with `(parent missing)`. The text begins with a newline, so
 * that it compares with a template literal that begins on the next line.
 */
export function spanTree(spans: readonly FinishedSpan[], options: SpanTreeOptions = {}): string {
  const byStart = [...spans].sort((a, b) => a.startTime - b.startTime);
  const present = new Set(byStart.map(idOf));
  const children = groupBy(byStart, parentIdOf);
  const lines: string[] = [];

  function draw(span: FinishedSpan, depth: number, note: string): void {
    lines.push("  ".repeat(depth) + describe(span, options) + note);
    if (options.logs) for (const entry of span.logs) lines.push(`${"  ".repeat(depth + 1)}- ${describeLog(entry)}`);
    for (const child of children.get(idOf(span)) ?? []) draw(child, depth + 1, "");
  }

  for (const span of byStart) {
    if (isRoot(span)) draw(span, 0, "");
    else if (!present.has(parentIdOf(span))) draw(span, 0, " (parent missing)");
  }
  return lines.map((line) => `\n${line}`).join("");
}

function describe(span: FinishedSpan, options: SpanTreeOptions): string {
  const kind = tagOf(span.tags, SPAN_KIND);
  const status = tagOf(span.tags, HTTP_STATUS_CODE) ?? tagOf(span.tags, "http.response.status_code");
  const failed = span.status === undefined ? tagOf(span.tags, ERROR) === true : span.status.code === 2;
  const words = [kind, status, failed ? `error${errorKind(span)}` : undefined];
  for (const name of options.tags ?? []) {
    const value = tagOf(span.tags, name);
    if (value !== undefined) words.push(`${name}=${String(value)}`);
  }
  const shown = words.filter((word) => word !== undefined).join(" ");
  return shown === "" ? span.operationName : `${span.operationName}  ${shown}`;
}

/** `=client_disconnect` where a log says so, or the error's own name, else "". */
function errorKind(span: FinishedSpan): string {
  for (const { name, fields } of span.logs) {
    if (name === "exception" && "exception.type" in fields) return `=${fields["exception.type"]}`;
    if (fields["event"] !== "error") continue;
    if (typeof fields["error.kind"] === "string") return `=${fields["error.kind"]}`;
    if (fields["error.object"] instanceof Error) return `=${fields["error.object"].name}`;
  }
  return "";
}

function describeLog({ name, fields }: LogEntry): string {
  const { event, ...others } = name === undefined ? fields : { ...fields, event: name };
  const rest = Object.entries(others).map(([name, value]) => `${name}=${String(value)}`);
  return [...(event === undefined ? [] : [String(event)]), ...rest].join(" ");
}

function isRoot(span: FinishedSpan): boolean {
  return parentSpanIdHex(span) === "";
}

function idOf(span: FinishedSpan): string {
  return traceIdHex(span.context) + spanIdHex(span.context);
}

function parentIdOf(span: FinishedSpan): string {
  return isRoot(span) ? "" : traceIdHex(span.context) + parentSpanIdHex(span);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
