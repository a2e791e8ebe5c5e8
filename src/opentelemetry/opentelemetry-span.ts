// An OpenTracing span over an OpenTelemetry span.

import type { Baggage, Span as OtelSpan } from "@opentelemetry/api";
import { Span, type Tracer } from "opentracing";
import { toText } from "../text.ts";
import { givenTime } from "../tracer/clock.ts";
import type { ExtractedValues } from "./extracted-values.ts";
import { OpenTelemetrySpanContext } from "./opentelemetry-span-context.ts";
import type { SpanWriter } from "./span-writer.ts";

/**
 * A span of an `OpenTelemetryTracer`, or one that OpenTelemetry's API made and a scope manager found active. Several may
 * stand for one OpenTelemetry span, each with baggage of its own. Calls after `finish` are ignored and counted
 * (`span.used_after_finish`, `span.finished_twice`).
 */
export class OpenTelemetrySpan extends Span {
  readonly #tracer: Tracer;
  readonly #writer: SpanWriter;
  #name: string;
  #context: OpenTelemetrySpanContext;
  /** The baggage that it had before `setBaggageItem`: what was made active with that is still this span. */
  #earlier: WeakSet<Baggage> | undefined;

  /** For `OpenTelemetryTracer` alone. In the types, lest those have the constructor without arguments that `opentracing` has. */
  constructor(tracer: Tracer, writer: SpanWriter, name: string, baggage: Baggage, extracted?: ExtractedValues) {
    super();
    this.#tracer = tracer;
    this.#writer = writer;
    this.#name = name;
    this.#context = new OpenTelemetrySpanContext(writer.span.spanContext(), baggage, extracted);
  }

  /** OpenTelemetry's own span, for what its API can do and OpenTracing's cannot. */
  get otelSpan(): OtelSpan {
    return this.#writer.span;
  }

  /** The name as it is now. */
  get operationName(): string {
    const { name } = this.#writer.span as { readonly name?: unknown };
    return typeof name === "string" ? name : this.#name;
  }

  override context(): OpenTelemetrySpanContext {
    return this.#context;
  }

  override tracer(): Tracer {
    return this.#tracer;
  }

  override setOperationName(name: string): this {
    this.#name = toText(name);
    this.#writer.rename(this.#name);
    return this;
  }

  /** Sets or replaces a tag. See `OpenTelemetryOptions.stableNames` for the name that it gets. */
  override setTag(name: string, value: unknown): this {
    this.#writer.tag(name, value);
    return this;
  }

  override addTags(tags: Record<string, unknown>): this {
    for (const name in tags) this.#writer.tag(name, tags[name]);
    return this;
  }

  /** Adds an event, named like the field `event`, or `log`. `timestamp` is in milliseconds since 1970, now by default. */
  override log(fields: Record<string, unknown>, timestamp?: number): this {
    this.#writer.log(fields ?? {}, givenTime(timestamp));
    return this;
  }

  /** The same with the fields of `payload`; what is no object becomes the field `payload`. */
  override logEvent(eventName: string, payload?: unknown): void {
    const fields = typeof payload === "object" && payload !== null ? payload : { payload };
    this.#writer.log(fields as Record<string, unknown>, undefined, eventName);
  }

  /**
   * Sets a baggage item, for all spans started from this one from now on. OpenTelemetry's own API sees it where the span
   * is made active after this: its contexts do not change.
   */
  override setBaggageItem(name: string, value: string): this {
    const { baggage } = this.#context;
    this.#earlier ??= new WeakSet();
    this.#earlier.add(baggage);
    this.#context = this.#with(baggage.setEntry(toText(name), { value: toText(value) }));
    return this;
  }

  override getBaggageItem(name: string): string | undefined {
    return this.#context.baggage.getEntry(name)?.value;
  }

  /** Ends the OpenTelemetry span. `finishTime` is in milliseconds since 1970, now by default. */
  override finish(finishTime?: number): void {
    this.#writer.finish(givenTime(finishTime));
  }

  /** @internal Whether this span has, or had, that baggage. */
  carries(baggage: Baggage): boolean {
    return this.#context.baggage === baggage || this.#earlier?.has(baggage) === true;
  }

  /** @internal A span for the same operation with other baggage. */
  withBaggage(baggage: Baggage): OpenTelemetrySpan {
    return new OpenTelemetrySpan(this.#tracer, this.#writer, this.#name, baggage, this.#context.extracted);
  }

  #with(baggage: Baggage): OpenTelemetrySpanContext {
    const { otelSpanContext, extracted } = this.#context;
    return new OpenTelemetrySpanContext(otelSpanContext, baggage, extracted);
  }
}
