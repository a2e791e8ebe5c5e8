// A span as it is seen from some place: with the baggage that counts there.

import type { Span } from "../../tracer/span.ts";
import { recordOf } from "../../tracer/span.ts";
import type { SpanContext } from "../../tracer/span-context.ts";
import type { SpanRecord } from "../../tracer/span-record.ts";
import { BilingualSpan } from "./bilingual-span.ts";

/**
 * OpenTelemetry's baggage belongs to a context, ours to a span. Where a context has another baggage than its span, this
 * stands for the span: whatever is done to it is done to that, but children get the context's baggage. It also gives spans
 * from before the registration the methods of OpenTelemetry's API.
 */
export class SpanView extends BilingualSpan {
  readonly target: Span;

  /** @param context the target's, but for the baggage */
  constructor(target: Span, context: SpanContext) {
    super(target.tracer(), context, undefined);
    this.target = target;
  }

  protected override get record(): SpanRecord | undefined {
    return recordOf(this.target);
  }

  override isRecording(): boolean {
    return this.target.isRecording();
  }

  override get operationName(): string {
    return this.target.operationName;
  }

  override setOperationName(name: string): this {
    this.target.setOperationName(name);
    return this;
  }

  override setTag(name: string, value: unknown): this {
    this.target.setTag(name, value);
    return this;
  }

  override log(fields: Record<string, unknown>, timestamp?: number): this {
    this.target.log(fields, timestamp);
    return this;
  }

  override setBaggageItem(name: string, value: string): this {
    this.target.setBaggageItem(name, value);
    return super.setBaggageItem(name, value);
  }

  override finish(finishTime?: number): void {
    this.target.finish(finishTime);
  }

  /** The target alone knows whether it has finished, and takes no name unless it records. */
  protected override ignored(): void {
    this.target.setOperationName("");
  }
}
