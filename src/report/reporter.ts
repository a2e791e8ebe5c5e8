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
  readonly droppedReferences?: number | undefined;
  /** The outcome that code said in so many words, by OpenTelemetry's API; undefined where the tags tell. */
  readonly status?: SpanStatus | undefined;
  /** Who started the span by OpenTelemetry's API. Its tags are attributes then, and go out under the names that they have. */
  readonly scope?: InstrumentationScope | undefined;
}

/** OpenTelemetry's status: `code` is OTLP's `Status.StatusCode`, 1 for ok and 2 for error; `message` is "" for none. */
export interface SpanStatus {
  readonly code: 1 | 2;
  readonly message: string;
}

/** OpenTelemetry's instrumentation scope: the library that started a span. One object for all of a tracer's spans. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
}

/** One `span.log(fields, timestamp)`, or one event of OpenTelemetry's API. */
export interface LogEntry {
  readonly timestamp: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The event's name by OpenTelemetry's API: then `fields` are its attributes. Undefined where the field `event` says it. */
  readonly name?: string | undefined;
  readonly droppedFields?: number | undefined;
}

/** A reference to another span: `type` is OpenTracing's `child_of` or `follows_from`, or `link` for a span that is no parent. */
export interface SpanReference {
  readonly type: string;
  readonly context: Readonly<TraceContext>;
  /** A link's attributes, by OpenTelemetry's API. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  readonly droppedAttributes?: number | undefined;
}
