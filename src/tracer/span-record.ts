// What a sampled span collects while it is open, and what reporters get when it ends.

import type { FinishedSpan, LogEntry, SpanReference } from "../report/reporter.ts";
import type { SpanContext } from "./span-context.ts";

const NO_LOGS: LogEntry[] = [];
const NO_REFERENCES: readonly SpanReference[] = [];

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
  references: readonly SpanReference[] = NO_REFERENCES;
  droppedTags = 0;
  droppedLogs = 0;

  constructor(context: SpanContext, operationName: string, startTime: number, clockOffset: number) {
    this.context = context;
    this.operationName = operationName;
    this.startTime = startTime;
    this.clockOffset = clockOffset;
  }

  addLog(entry: LogEntry): void {
    if (this.logs === NO_LOGS) this.logs = [entry];
    else this.logs.push(entry);
  }
}
