// One operation of a trace, as OpenTracing's Span: the light handle that user code holds.

import { Span as OpenTracingSpan } from "opentracing";
import { count } from "../diagnostics.ts";
import { EMPTY_BAGGAGE } from "../propagation/baggage.ts";
import { setOwn } from "../set-own.ts";
import { propertyOf, toText } from "../text.ts";
import { now, timeOr } from "./clock.ts";
import { limitError, limitedValue } from "./limits.ts";
import type { SpanContext } from "./span-context.ts";
import type { SpanRecord } from "./span-record.ts";
import type { Tracer } from "./tracer.ts";

/** What a span collects: undefined when unsampled, and from `finish` on. For the classes that add to `Span`, not for users. */
export let recordOf: (span: Span) => SpanRecord | undefined;

/**
 * A span of the built-in tracer. No method throws. Calls after `finish`, and a second `finish`, are ignored and
 * counted (`span.used_after_finish`, `span.finished_twice`). An unsampled span ignores all but baggage.
 */
export class Span extends OpenTracingSpan {
  readonly #tracer: Tracer;
  #context: SpanContext;
  /** What was collected: undefined when unsampled, and from `finish` on. */
  #record: SpanRecord | undefined;
  #finished = false;

  static {
    recordOf = (span) => span.#record;
  }

  /** For `Tracer.startSpan` alone. In the types, lest those have the constructor without arguments that `opentracing` has. */
  constructor(tracer: Tracer, context: SpanContext, record: SpanRecord | undefined) {
    super();
    this.#tracer = tracer;
    this.#context = context;
    this.#record = record;
  }

  /** The span's identity. Usable after `finish` too. */
  override context(): SpanContext {
    return this.#context;
  }

  override tracer(): Tracer {
    return this.#tracer;
  }

  /** Whether tags and logs go anywhere: false when unsampled, and after `finish`. */
  isRecording(): boolean {
    return this.#record !== undefined;
  }

  /** The name as it is now; empty when unsampled, and after `finish`. */
  get operationName(): string {
    return this.#record?.operationName ?? "";
  }

  override setOperationName(name: string): this {
    if (this.#record !== undefined) this.#record.operationName = toText(name);
    else this.ignored();
    return this;
  }

  /** Sets or replaces a tag. Numbers, booleans and text are kept as they are; reporters turn anything else into text. */
  override setTag(name: string, value: unknown): this {
    const record = this.#record;
    if (record === undefined) this.ignored();
    else this.#setTag(record, name, value);
    return this;
  }

  override addTags(tags: Record<string, unknown>): this {
    const record = this.#record;
    if (record === undefined) this.ignored();
    else for (const name in tags) this.#setTag(record, name, propertyOf(tags, name));
    return this;
  }

  /** Adds a log entry. `timestamp` is in milliseconds since 1970, now by default. */
  override log(fields: Record<string, unknown>, timestamp?: number): this {
    const record = this.#record;
    const { maxLogs, maxValueLength } = this.#tracer.limits;
    if (record === undefined) {
      this.ignored();
    } else if (record.logs.length >= maxLogs) {
      record.droppedLogs++;
      count("span.logs_dropped");
    } else {
      const kept: Record<string, unknown> = {};
      for (const name in fields) setOwn(kept, name, limitedValue(propertyOf(fields, name), maxValueLength));
      limitError(kept, maxValueLength);
      record.addLog({ timestamp: timeOr(record.clockOffset + now(), timestamp), fields: kept });
    }
    return this;
  }

  override logEvent(eventName: string, payload: unknown): void {
    this.log({ event: eventName, payload });
  }

  /** Sets a baggage item, which travels to all spans started from this one from now on, in this process and beyond. */
  override setBaggageItem(name: string, value: string): this {
    if (this.#finished) {
      this.ignored();
      return this;
    }
    // A context that somebody already took keeps the baggage it had.
    const context = this.#context.copy();
    context.baggage = (context.baggage ?? EMPTY_BAGGAGE).with(toText(name), toText(value));
    this.#context = context;
    if (this.#record !== undefined) this.#record.context = context;
    return this;
  }

  override getBaggageItem(name: string): string | undefined {
    return this.#context.baggage?.get(name);
  }

  /** Ends the span and hands it to the reporter. `finishTime` is in milliseconds since 1970, now by default. */
  override finish(finishTime?: number): void {
    if (this.#finished) {
      count("span.finished_twice");
      return;
    }
    this.#finished = true;
    const record = this.#record;
    if (record === undefined) return;
    this.#record = undefined;

    record.endTime = Math.max(timeOr(record.clockOffset + now(), finishTime), record.startTime);
    this.#tracer.report(record);
  }

  /**
   * @internal For spans that are decided about anew: where to collect if nothing is collected yet, undefined to collect no
   * more. Answers whether there is time yet: a span that has ended stays as it was.
   */
  protected decide(late: (() => SpanRecord) | undefined): boolean {
    if (this.#finished) return false;
    if (late === undefined) this.#record = undefined;
    else this.#record ??= late();
    return true;
  }

  #setTag(record: SpanRecord, name: string, value: unknown): void {
    const { maxTags, maxValueLength } = this.#tracer.limits;
    record.setTag(name, limitedValue(value, maxValueLength), maxTags);
  }

  /** @internal A call that came too late, or to a span that records nothing. */
  protected ignored(): void {
    if (this.#finished) count("span.used_after_finish");
  }
}
