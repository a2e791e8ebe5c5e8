// What a reporter is, and what it gets: finished spans.

import type { FlatTags } from "../tags.ts";
import type { TraceContext } from "../trace-context.ts";

/** Takes finished spans. Called once a span, in the order in which spans finish, inside the traced request: be quick. */
export interface Reporter {
  /** Takes one finished span. Must not keep `span` unless it says so: encode or copy. Must not throw. */
  report(span: FinishedSpan): void;
  /**
   * Told what the service is called, before the first span, by an `initTracing` that was given a reporter and a name. One
   * that was named at its construction keeps that name.
   */
  nameService?(serviceName: string): void;
  /**
   * Resolves when all that was reported before has been delivered or given up, or when `timeLimit` milliseconds have
   * passed, if one is given. Resolves without timers where nothing is waiting. Never rejects.
   */
  flush(timeLimit?: number): Promise<void>;
  /** Flushes and releases everything. Spans reported later are counted as dropped. Never rejects. */
  close(): Promise<void>;
}

/** A span that has ended. Nothing in it changes any more. Times are milliseconds since 1970 with a fraction. */
export interface FinishedSpan {
  readonly context: Readonly<TraceContext>;
  /** The parent's span id, `0, 0` for a root. */
  readonly parentSpanId0: number;
  readonly parentSpanId1: number;
  /** Whether the parent is in another process. */
  readonly parentIsRemote: boolean;
  readonly operationName: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly tags: FlatTags;
  readonly logs: readonly LogEntry[];
  /** The references beyond the parent, and the parent itself where it is one that is followed from. */
  readonly references: readonly SpanReference[];
  readonly droppedTags: number;
  readonly droppedLogs: number;
}

/** One `span.log(fields, timestamp)`. */
export interface LogEntry {
  readonly timestamp: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A reference to another span: `type` is OpenTracing's `child_of` or `follows_from`, or `link` for a span that is no parent. */
export interface SpanReference {
  readonly type: string;
  readonly context: Readonly<TraceContext>;
}
