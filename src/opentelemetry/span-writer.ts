// What an OpenTelemetry span is told: in OpenTracing's own names, in the stable ones, or nothing.

import { type Attributes, type Span as OtelSpan, type SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { count } from "../diagnostics.ts";
import type { LogEntry } from "../report/reporter.ts";
import {
  type AttributeSink,
  eventName,
  kindOf,
  type SpanKind as OtlpKind,
  outcomeOf,
  writeOutcome,
  writeTag,
  writeTags,
} from "../report/semantic-conventions.ts";
import { ERROR, SPAN_KIND } from "../tags.ts";
import { attributeOf, putAttribute } from "./attribute.ts";
import { plainEvent, stableEvent } from "./log-event.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Writes to one OpenTelemetry span. All OpenTracing spans over it share one. */
export interface SpanWriter {
  readonly span: OtelSpan;
  rename(name: string): void;
  tag(name: string, value: unknown): void;
  /** `name`: where it is no field, as in `logEvent`. */
  log(fields: Fields, timestamp: number | undefined, name?: string): void;
  finish(finishTime: number | undefined): void;
}

/** How tags become a span's: one object for all spans of a tracer. */
export interface Vocabulary {
  /** The name of the OpenTelemetry tracer: the compatibility page prescribes one for what it describes. */
  readonly tracerName: string;
  /** What a new span is made with. */
  attributes(tags: Fields): Attributes;
  /**
   * For a span that records.
   *
   * @param tags those that it was made with
   */
  writer(span: OtelSpan, tags: Fields, endedBy: EndedBy): SpanWriter;
}

/**
 * Who ends a span: we do; another instrumentation does, whose request it is; or, where OpenTelemetry's API made it and we found it
 * active, whoever is first.
 */
export type EndedBy = "us" | "others" | "either";

/** OpenTelemetry's `SpanKind` for the tag `span.kind`: internal without one. */
export function spanKind(tags: Fields | undefined): SpanKind {
  return tags?.[SPAN_KIND] === undefined ? 0 : ((kindOf([SPAN_KIND, tags[SPAN_KIND]]) - 1) as SpanKind);
}

/** Names as they are, as the compatibility page and the official shim have it: only errors are mapped. */
export const PLAIN: Vocabulary = {
  tracerName: "opentracing-shim",
  attributes(tags) {
    const attributes: Attributes = {};
    for (const name in tags) {
      if (name !== ERROR || statusOf(tags[name]) === undefined) putAttribute(attributes, name, tags[name]);
    }
    return attributes;
  },
  writer(span, tags, endedBy) {
    const writer = new PlainWriter(span, endedBy);
    if (tags[ERROR] !== undefined) writer.tag(ERROR, tags[ERROR]);
    return writer;
  },
};

/** OpenTelemetry's stable names, as our own exporters write them. */
export const STABLE: Vocabulary = {
  tracerName: "node-opentracing",
  attributes(tags) {
    const attributes: Attributes = {};
    const flat = flatTags(tags);
    writeTags({ attribute: (name, value) => putAttribute(attributes, name, value) }, { tags: flat }, kindOf(flat));
    return attributes;
  },
  writer: (span, tags, endedBy) => new StableWriter(span, tags, endedBy),
};

// Object.entries(tags).flat() takes 3 µs more for the tags of a request (Node 20).
function flatTags(tags: Fields): unknown[] {
  const flat: unknown[] = [];
  for (const name in tags) flat.push(name, tags[name]);
  return flat;
}

/** For a span that does not record: it only ends. */
export class SilentWriter implements SpanWriter {
  readonly span: OtelSpan;

  constructor(span: OtelSpan) {
    this.span = span;
  }

  rename(): void {}

  tag(): void {}

  log(): void {}

  finish(): void {
    this.span.end();
  }
}

class PlainWriter implements SpanWriter {
  readonly span: OtelSpan;
  readonly #endedBy: EndedBy;

  constructor(span: OtelSpan, endedBy: EndedBy) {
    this.span = span;
    this.#endedBy = endedBy;
  }

  rename(name: string): void {
    if (isOpen(this.span)) this.span.updateName(name);
  }

  tag(name: string, value: unknown): void {
    if (!isOpen(this.span)) return;
    const code = name === ERROR ? statusOf(value) : undefined;
    if (code !== undefined) {
      this.span.setStatus({ code });
      return;
    }
    const attribute = attributeOf(value);
    if (attribute !== undefined) this.span.setAttribute(name, attribute);
  }

  log(fields: Fields, timestamp: number | undefined, name: string = eventName({ fields })): void {
    if (!isOpen(this.span)) return;
    const isError = name === "error" || fields["event"] === "error";
    this.span.addEvent(isError ? "exception" : name, plainEvent(fields, isError), timestamp);
  }

  finish(finishTime: number | undefined): void {
    end(this.span, this.#endedBy, finishTime);
  }
}

class StableWriter implements SpanWriter, AttributeSink {
  readonly span: OtelSpan;
  readonly #endedBy: EndedBy;
  readonly #kind: OtlpKind;
  readonly #tags: unknown[];
  /** The first error that was logged, from which the outcome is told. */
  #errors: readonly LogEntry[] = [];

  constructor(span: OtelSpan, tags: Fields, endedBy: EndedBy) {
    this.span = span;
    this.#endedBy = endedBy;
    this.#tags = flatTags(tags);
    this.#kind = kindOf(this.#tags);
  }

  rename(name: string): void {
    if (isOpen(this.span)) this.span.updateName(name);
  }

  tag(name: string, value: unknown): void {
    if (!isOpen(this.span)) return;
    this.#keep(name, value);
    writeTag(this, name, value, this.#kind, this.#tags);
    if (name === ERROR) this.#told();
  }

  attribute(name: string, value: unknown): void {
    const attribute = attributeOf(value);
    if (attribute !== undefined) this.span.setAttribute(name, attribute);
  }

  log(given: Fields, timestamp: number | undefined, name?: string): void {
    if (!isOpen(this.span)) return;
    const fields = name === undefined ? given : { ...given, event: name };
    this.span.addEvent(eventName({ fields }), stableEvent(fields), timestamp);
    if (fields["event"] !== "error" || this.#errors.length > 0) return;
    this.#errors = [{ timestamp: 0, fields }];
    this.#told();
  }

  finish(finishTime: number | undefined): void {
    if (this.span.isRecording()) this.#writeOutcome();
    end(this.span, this.#endedBy, finishTime);
  }

  /** Where the end may come without a word to us, what is known by now of the outcome counts. */
  #told(): void {
    if (this.#endedBy === "either") this.#writeOutcome();
  }

  #writeOutcome(): void {
    const outcome = outcomeOf({ tags: this.#tags, logs: this.#errors }, this.#kind);
    writeOutcome(this, outcome, this.#tags);
    const { code, message } = outcome;
    if (code !== 0) this.span.setStatus(message === "" ? { code: STATUS[code] } : { code: STATUS[code], message });
  }

  #keep(name: string, value: unknown): void {
    const tags = this.#tags;
    let at = 0;
    while (at < tags.length && tags[at] !== name) at += 2;
    tags[at] = name;
    tags[at + 1] = value;
  }
}

const STATUS = { 1: SpanStatusCode.OK, 2: SpanStatusCode.ERROR } as const;

/** What the tag `error` says of the status; undefined where it says nothing and is an attribute like others. */
function statusOf(value: unknown): SpanStatusCode | undefined {
  if (value === true || value === "true") return SpanStatusCode.ERROR;
  return value === false || value === "false" ? SpanStatusCode.OK : undefined;
}

function isOpen(span: OtelSpan): boolean {
  if (span.isRecording()) return true;
  count("span.used_after_finish");
  return false;
}

function end(span: OtelSpan, endedBy: EndedBy, finishTime: number | undefined): void {
  if (endedBy === "others") return;
  if (span.isRecording()) span.end(finishTime);
  else count("span.finished_twice");
}
