// jaeger-client and ours behind one interface: the same code runs with either.

import { createRequire } from "node:module";
import { join } from "node:path";
import type { FinishedSpan } from "node-opentracing";
import * as jaeger from "node-opentracing/jaeger";
import { spanIdHex } from "#src/trace-context.js";

/** What we take jaeger-client for: its names are among ours. */
export type Jaeger = typeof jaeger;

export interface Library {
  readonly name: string;
  readonly jaeger: Jaeger;
  /** The finished spans as trees: name, tags, and logs below. */
  picture(reporters: readonly object[]): string;
}

interface Shown {
  readonly id: string;
  readonly parent: string;
  readonly traceId: string;
  readonly start: number;
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly logs: readonly Readonly<Record<string, unknown>>[];
}

type KeyValues = readonly { readonly key: string; readonly value: unknown }[];

interface TheirSpan {
  readonly _operationName: string;
  readonly _startTime: number;
  readonly _tags: KeyValues;
  readonly _logs: readonly { readonly fields: KeyValues }[];
  context(): { readonly traceIdStr: string; readonly spanIdStr: string; readonly parentIdStr: string | null };
}

const require = createRequire(join(process.cwd(), "test/peers/package.json"));

export const theirs: Library = {
  name: "jaeger-client",
  jaeger: require("jaeger-client") as Jaeger,
  picture: (reporters) =>
    picture((reporters as readonly { spans: TheirSpan[] }[]).flatMap(({ spans }) => spans).map(their)),
};

export const ours: Library = {
  name: "node-opentracing/jaeger",
  jaeger,
  picture: (reporters) =>
    picture((reporters as readonly { spans: FinishedSpan[] }[]).flatMap(({ spans }) => spans).map(our)),
};

export const LIBRARIES: readonly Library[] = [theirs, ours];

/** A file of jaeger-client's that its entry does not export. */
export function inside<T>(path: string): T {
  return (require(`jaeger-client/dist/src/${path}`) as { default: T }).default;
}

/** Another package that jaeger-client brings. */
export function beside<T>(name: string): T {
  return require(name) as T;
}

function their(span: TheirSpan): Shown {
  const { traceIdStr, spanIdStr, parentIdStr } = span.context();
  const fields = (list: KeyValues): Record<string, unknown> =>
    Object.fromEntries(list.map(({ key, value }) => [key, value]));
  return {
    traceId: padded(traceIdStr, 32),
    id: padded(spanIdStr, 16),
    parent: padded(parentIdStr ?? "", 16),
    start: span._startTime,
    name: span._operationName,
    tags: fields(span._tags),
    logs: span._logs.map((log) => fields(log.fields)),
  };
}

function our(span: FinishedSpan): Shown {
  const { tags } = span;
  const pairs = Array.from({ length: tags.length / 2 }, (_, i) => [tags[2 * i], tags[2 * i + 1]]);
  return {
    traceId: padded((span.context as unknown as { traceIdStr: string }).traceIdStr, 32),
    id: spanIdHex(span.context),
    parent: spanIdHex({ spanId0: span.parentSpanId0, spanId1: span.parentSpanId1 }),
    start: span.startTime,
    name: span.operationName,
    tags: Object.fromEntries(pairs),
    logs: span.logs.map(({ fields }) => fields),
  };
}

function padded(digits: string, length: number): string {
  return digits.padStart(length, "0");
}

function picture(spans: readonly Shown[]): string {
  const lines: string[] = [];
  function draw(span: Shown, depth: number): void {
    const indent = "  ".repeat(depth);
    lines.push(`${indent}${span.name}  ${shownFields(span.tags)}`.trimEnd());
    for (const log of span.logs) lines.push(`${indent}  - ${shownFields(log)}`);
    // Siblings by name: jaeger-client's clock has whole milliseconds.
    const children = spans.filter(({ parent, traceId }) => parent === span.id && traceId === span.traceId);
    for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) draw(child, depth + 1);
  }
  const ids = new Set(spans.map(({ id }) => id));
  const roots = spans.filter(({ parent }) => /^0+$/.test(parent) || !ids.has(parent));
  for (const root of roots) draw(root, 0);
  return lines.map((line) => `\n${line}`).join("");
}

function shownFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}
