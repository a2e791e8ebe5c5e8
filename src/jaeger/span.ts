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
 * `setTag("sampling.priority", 1)` records the span from then on, and in debug mode; 0 drops it. So it does with its local
 * root and with all that descend from that, unless they have ended: each follows when it is next used. Names of baggage are
 * normalised as jaeger-client does it: lower case, with hyphens for underscores. What came under another spelling keeps it.
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
    // Tags of a span that does not record were not looked at yet.
    if (options?.tags && !super.isRecording()) this.#prioritise(options.tags[SAMPLING_PRIORITY]);
  }

  override tracer(): JaegerTracer {
    return super.tracer() as JaegerTracer;
  }

  override context(): JaegerSpanContext {
    this.#follow();
    return super.context() as JaegerSpanContext;
  }

  override isRecording(): boolean {
    this.#follow();
    return super.isRecording();
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
    this.#follow();
    return super.setTag(name, value);
  }

  override addTags(tags: Record<string, unknown>): this {
    this.#prioritise(tags?.[SAMPLING_PRIORITY]);
    this.#follow();
    return super.addTags(tags);
  }

  override log(fields: Record<string, unknown>, timestamp?: number): this {
    this.#follow();
    return super.log(fields, timestamp);
  }

  /** Also logs the item, as jaeger-client does: `event=baggage`. */
  override setBaggageItem(name: string, value: string): this {
    const key = normalised(name);
    const kept = this.#keptName(key);
    const whole = toText(value);
    const text = whole.slice(0, MAX_BAGGAGE_VALUE);
    if (this.isRecording()) {
      const fields: Record<string, string> = { event: "baggage", key, value: text };
      if (super.getBaggageItem(kept)) fields["override"] = "true";
      if (text.length < whole.length) fields["truncated"] = "true";
      this.log(fields);
    }
    return super.setBaggageItem(kept, text);
  }

  override getBaggageItem(name: string): string | undefined {
    return super.getBaggageItem(this.#keptName(normalised(name)));
  }

  override finish(finishTime?: number): void {
    this.#follow();
    super.finish(finishTime);
    this.#options = undefined;
  }

  /** The name that the baggage has for a normalised one: W3C baggage comes with capitals and underscores. */
  #keptName(key: string): string {
    const { baggage } = super.context();
    if (baggage === undefined || baggage.get(key) !== undefined) return key;
    for (const [name] of baggage.entries()) if (normalised(name) === key) return name;
    return key;
  }

  #prioritise(tag: unknown): void {
    const priority = priorityOf(tag);
    const { decision } = super.context() as JaegerSpanContext;
    if (priority === undefined || decision === undefined || !this.#record(priority > 0)) return;
    decision.flags = priority > 0 ? SAMPLED | DEBUG : 0;
  }

  /** What another span of the trace has decided meanwhile. */
  #follow(): void {
    const context = super.context() as JaegerSpanContext;
    if (context.decision?.flags === undefined) return;
    context.follow();
    this.#record((context.traceFlags & SAMPLED) !== 0);
  }

  #record(isSampled: boolean): boolean {
    if (!isSampled) return this.decide(undefined);
    return this.decide(() => {
      const options = { ...this.#options, startTime: this.#startTime };
      return this.tracer().lateRecord(super.context() as JaegerSpanContext, this.#name, options);
    });
  }
}

/** As jaeger-client compares it with 0: texts and booleans are numbers, too. Undefined where it says nothing. */
export function priorityOf(tag: unknown): number | undefined {
  switch (typeof tag) {
    case "number":
    case "string":
    case "boolean":
    case "bigint":
      return Number(tag);
    default:
      return undefined;
  }
}

/** `Fancy_Name` as it travels: `fancy-name`. */
function normalised(name: string): string {
  return toText(name).replaceAll("_", "-").toLowerCase();
}
