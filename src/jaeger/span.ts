// A span whose decision can still change: jaeger-client takes the tag `sampling.priority` at any time.

import type { SpanOptions } from "opentracing";
import { SAMPLING_PRIORITY } from "../tags.ts";
import { toText } from "../text.ts";
import { DEBUG, SAMPLED } from "../trace-context.ts";
import { Span } from "../tracer/span.ts";
import type { JaegerSpanContext } from "./span-context.ts";
import type { JaegerTracer } from "./tracer.ts";

/** Characters of a value: jaeger-client cuts it there. */
const MAX_BAGGAGE_VALUE = 2048;

/**
 * `setTag("sampling.priority", 1)` records the span from then on, and in debug mode; 0 drops it. Spans that are started
 * from it later follow; those that were started before keep their decision. Names of baggage are normalised as
 * jaeger-client does it: lower case, with hyphens for underscores.
 */
export class JaegerSpan extends Span {
  /** How it began, until it ends: one that is not recorded may have to be from now on. */
  #name = "";
  #options: SpanOptions | undefined;
  #startTime = 0;

  /** @internal For `JaegerTracer.startSpan` alone. */
  began(name: string, options: SpanOptions | undefined, startTime: number): void {
    this.#name = name;
    this.#options = options;
    this.#startTime = startTime;
  }

  override tracer(): JaegerTracer {
    return super.tracer() as JaegerTracer;
  }

  override context(): JaegerSpanContext {
    return super.context() as JaegerSpanContext;
  }

  /** The name as it is now, also of spans that are not recorded or have ended. */
  override get operationName(): string {
    return super.operationName || this.#name;
  }

  override setOperationName(name: string): this {
    this.#name = toText(name);
    return super.setOperationName(this.#name);
  }

  override setTag(name: string, value: unknown): this {
    if (name === SAMPLING_PRIORITY) this.#prioritise(value);
    return super.setTag(name, value);
  }

  override addTags(tags: Record<string, unknown>): this {
    const priority = tags?.[SAMPLING_PRIORITY];
    if (priority !== undefined) this.#prioritise(priority);
    return super.addTags(tags);
  }

  /** Also logs the item, as jaeger-client does: `event=baggage`. */
  override setBaggageItem(name: string, value: string): this {
    const key = normalised(name);
    const whole = toText(value);
    const text = whole.slice(0, MAX_BAGGAGE_VALUE);
    if (this.isRecording()) {
      const fields: Record<string, string> = { event: "baggage", key, value: text };
      if (super.getBaggageItem(key)) fields["override"] = "true";
      if (text.length < whole.length) fields["truncated"] = "true";
      this.log(fields);
    }
    return super.setBaggageItem(key, text);
  }

  override getBaggageItem(name: string): string | undefined {
    return super.getBaggageItem(normalised(name));
  }

  override finish(finishTime?: number): void {
    super.finish(finishTime);
    this.#options = undefined;
  }

  #prioritise(priority: unknown): void {
    if (typeof priority !== "number") return;
    const others = this.context().traceFlags & ~(SAMPLED | DEBUG);
    this.decide(priority > 0 ? others | SAMPLED | DEBUG : others, () =>
      this.tracer().lateRecord(this.context(), this.#name, { ...this.#options, startTime: this.#startTime }),
    );
  }
}

/** `Fancy_Name` as it travels: `fancy-name`. */
function normalised(name: string): string {
  return toText(name).replaceAll("_", "-").toLowerCase();
}
