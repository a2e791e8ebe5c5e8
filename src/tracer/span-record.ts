// What a sampled span collects while it is open, and what reporters get when it ends.

import { count } from "../diagnostics.ts";
import type { FinishedSpan, InstrumentationScope, LogEntry, SpanReference, SpanStatus } from "../report/reporter.ts";
import { ERROR, type FlatTags, HTTP_STATUS_CODE, SPAN_KIND } from "../tags.ts";
import type { SpanContext } from "./span-context.ts";

const NO_LOGS: LogEntry[] = [];
const NO_REFERENCES: SpanReference[] = [];

/** Held by its span until that finishes, and by nothing of ours afterwards: a finished span costs no memory. */
export class SpanRecord implements FinishedSpan {
  context: SpanContext;
  parentSpanId0 = 0;
  parentSpanId1 = 0;
  parentIsRemote = false;
  operationName: string;
  startTime: number;
  endTime = 0;
  /** Added to `performance.now()` for this span's end: see `Clock`. */
  clockOffset: number;
  tags: unknown[] = [];
  logs: LogEntry[] = NO_LOGS;
  references: SpanReference[] = NO_REFERENCES;
  droppedTags = 0;
  droppedLogs = 0;
  // There only once it is set, by OpenTelemetry's API alone: as fields like the others these make each span's record 24 bytes larger.
  declare droppedReferences?: number;
  declare status?: SpanStatus;
  declare scope?: InstrumentationScope;

  constructor(context: SpanContext, operationName: string, startTime: number, clockOffset: number) {
    this.context = context;
    this.operationName = operationName;
    this.startTime = startTime;
    this.clockOffset = clockOffset;
  }

  /** Sets or replaces a tag; a new one beyond `maxTags` is dropped and counted, unless it tells the kind or the outcome. */
  setTag(name: string, value: unknown, maxTags: number): void {
    const { tags } = this;
    for (let i = 0; i < tags.length; i += 2) {
      if (tags[i] === name) {
        tags[i + 1] = value;
        return;
      }
    }
    if (tags.length < 2 * maxTags || hasRoomFor(name, tags, maxTags)) {
      tags.push(name, value);
    } else {
      this.droppedTags++;
      count("span.tags_dropped");
    }
  }

  /** Adds a link; one beyond `maxLinks` is dropped and counted. */
  addReference(reference: SpanReference, maxLinks: number): void {
    if (this.references.length >= maxLinks) {
      this.droppedReferences = (this.droppedReferences ?? 0) + 1;
      count("span.links_dropped");
    } else if (this.references === NO_REFERENCES) {
      this.references = [reference];
    } else {
      this.references.push(reference);
    }
  }

  addLog(entry: LogEntry): void {
    if (this.logs === NO_LOGS) this.logs = [entry];
    else this.logs.push(entry);
  }
}

function hasRoomFor(name: string, tags: FlatTags, maxTags: number): boolean {
  if (!isLimited(name)) return true;
  let limited = 0;
  for (let i = 0; i < tags.length; i += 2) if (isLimited(tags[i])) limited++;
  return limited < maxTags;
}

/** Not what the kind and the outcome are told from, which are no attributes in OpenTelemetry: they are often set last. */
function isLimited(name: unknown): boolean {
  return name !== ERROR && name !== SPAN_KIND && name !== HTTP_STATUS_CODE;
}
