// The built-in tracer with what jaeger-client's can be asked besides.

import {
  FORMAT_TEXT_MAP,
  type Span as OpenTracingSpan,
  type SpanContext as OpenTracingSpanContext,
  type SpanOptions,
} from "opentracing";
import { count, warn } from "../diagnostics.ts";
import { guard } from "../guard.ts";
import { CompositePropagator } from "../propagation/composite.ts";
import { type PropagatorName, propagatorsOf } from "../propagation/default-propagators.ts";
import { JaegerPropagator } from "../propagation/jaeger.ts";
import type { Propagator, TextCarrier } from "../propagation/propagator.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Check } from "../settings.ts";
import { toText } from "../text.ts";
import { hasIds, type TraceContext } from "../trace-context.ts";
import { clock, now, timeOr } from "../tracer/clock.ts";
import { ParentBasedSampler, type Sampler } from "../tracer/sampler.ts";
import type { SpanContext } from "../tracer/span-context.ts";
import type { SpanRecord } from "../tracer/span-record.ts";
import { Tracer } from "../tracer/tracer.ts";
import { type Extractor, type Injector, isExtractor, isInjector } from "./codec.ts";
import { given } from "./given.ts";
import { NoopReporter } from "./noop-reporter.ts";
import { ConstSampler, isSampler, type JaegerSampler, type SamplerTags } from "./samplers.ts";
import { JaegerSpan, priorityOf } from "./span.ts";
import { JaegerSpanContext } from "./span-context.ts";

export interface JaegerTracerOptions {
  /** The header that holds the ids: `uber-trace-id` by default. */
  readonly contextKey?: string | undefined;
  /** What headers of baggage begin with: `uberctx-` by default. */
  readonly baggagePrefix?: string | undefined;
  /** Trace ids of 128 bits: false by default, then they have 64. Ids that come in stay as long as they are. */
  readonly traceId128bit?: boolean | undefined;
  /** Beyond jaeger-client: header formats to write and read in place of Jaeger's alone, as `initTracing` takes them. */
  readonly propagators?: readonly (PropagatorName | Propagator)[] | undefined;
}

/**
 * Decides about roots as a Jaeger sampler says, follows parents, speaks `uber-trace-id`. Roots have the tags `sampler.type` and
 * `sampler.param`. Once it is made no method throws, but for what is no codec.
 */
export class JaegerTracer extends Tracer {
  readonly #sampler: JaegerSampler;
  readonly #roots: RootSampler;
  readonly #isShort: boolean;
  readonly #injectors = new Map<string, Injector>();
  readonly #extractors = new Map<string, Extractor>();
  /** @internal Called once all is sent. */
  onClosed: (() => void) | undefined;

  /**
   * @param reporter takes the finished spans; by default nobody
   * @param sampler decides about roots; by default none is recorded
   */
  constructor(
    serviceName: string,
    reporter: Reporter = new NoopReporter(),
    sampler: JaegerSampler = new ConstSampler(false),
    options: JaegerTracerOptions = {},
  ) {
    const settings = given(options);
    tellUnused(settings);
    const expected = isSampler(sampler);
    if (expected !== undefined) throw new TypeError(`new Tracer(serviceName, reporter, sampler) needs ${expected}`);
    const { contextKey, baggagePrefix, traceId128bit = false, propagators } = settings;
    const roots = new RootSampler(sampler);
    super({
      reporter,
      sampler: new ParentBasedSampler(roots),
      propagators: withOwn(propagators, new JaegerPropagator({ contextKey, baggagePrefix })),
    });
    reporter.nameService?.(serviceName);
    this.#sampler = sampler;
    this.#roots = roots;
    this.#isShort = !traceId128bit;
    // In carriers that are no headers jaeger-client writes baggage as it is.
    const plain = withOwn(propagators, new JaegerPropagator({ contextKey, baggagePrefix, urlEncoding: false }));
    const codec = codecOf(new CompositePropagator(propagatorsOf(plain)));
    this.#injectors.set(FORMAT_TEXT_MAP, codec);
    this.#extractors.set(FORMAT_TEXT_MAP, codec);
  }

  override startSpan(name: string, options?: SpanOptions): JaegerSpan {
    const operation = toText(name);
    const span = super.startSpan(operation, options) as JaegerSpan;
    const reason = this.#roots.takeReason();
    // A caller that sends ids may leave the decision to us, which makes no root.
    if (reason !== undefined && isRoot(span.context())) {
      span.setTag("sampler.type", reason.type).setTag("sampler.param", reason.param);
    }
    const monotonic = now();
    span.began(operation, options, timeOr(clock.offset(monotonic) + monotonic, options?.startTime));
    return span;
  }

  /** From now on `injector.inject(context, carrier)` writes this format. Throws a TypeError for what is no injector. */
  registerInjector(format: string, injector: Injector): void {
    this.#injectors.set(format, checked("registerInjector(format, injector)", isInjector, injector));
  }

  /** From now on `extractor.extract(carrier)` reads this format. Throws a TypeError for what is no extractor. */
  registerExtractor(format: string, extractor: Extractor): void {
    this.#extractors.set(format, checked("registerExtractor(format, extractor)", isExtractor, extractor));
  }

  override inject(context: OpenTracingSpan | OpenTracingSpanContext, format: string, carrier: unknown): void {
    const injector = this.#injectors.get(format);
    const own = context instanceof JaegerSpan ? context.context() : context;
    if (own instanceof JaegerSpanContext) own.follow();
    if (injector === undefined) {
      super.inject(own, format, carrier);
      return;
    }
    if (!(own instanceof JaegerSpanContext)) {
      count("span.foreign_parent");
      return;
    }
    try {
      injector.inject(own, carrier as TextCarrier);
    } catch (error) {
      warn("propagation.error", "an injector threw; its headers are missing", error);
    }
  }

  /** Where a carrier holds nothing, a context that is not valid, as of jaeger-client: a child of it begins a trace. */
  override extract(format: string, carrier: unknown): JaegerSpanContext {
    const extractor = this.#extractors.get(format);
    if (extractor === undefined) {
      return (super.extract(format, carrier) as JaegerSpanContext | null) ?? new JaegerSpanContext();
    }
    try {
      const context: unknown = extractor.extract(carrier as TextCarrier);
      if (context instanceof JaegerSpanContext) {
        context.isRemote = true;
        context.settle();
        return context;
      }
      if (context !== null && context !== undefined) count("span.foreign_parent");
    } catch (error) {
      warn("propagation.error", "an extractor threw; its headers are not read", error);
    }
    return new JaegerSpanContext();
  }

  /** Flushes, ends the sampler's questions, and calls back. The promise never rejects. */
  override async close(callback?: () => void): Promise<void> {
    guard(() => this.#sampler.close?.(), undefined, "the sampler's close")(undefined, undefined);
    this.#extractors.clear(); // `extract` is to answer as the no-op tracer's: see `Tracer.close`
    await super.close();
    this.onClosed?.();
    this.onClosed = undefined;
    // What the callback throws is the application's to see, not this promise's.
    if (typeof callback === "function") process.nextTick(callback);
  }

  /** @internal */
  override makeContext(parent: SpanContext | undefined): JaegerSpanContext {
    const context = new JaegerSpanContext();
    if (parent !== undefined && hasIds(parent)) {
      context.parentSpanId0 = parent.spanId0;
      context.parentSpanId1 = parent.spanId1;
    }
    if (parent instanceof JaegerSpanContext) {
      parent.settle();
      parent.follow();
      if (parent.isValid) context.decision = parent.share();
    }
    context.share();
    return context;
  }

  /** @internal */
  override makeSpan(context: SpanContext, record: SpanRecord | undefined): JaegerSpan {
    return new JaegerSpan(this, context, record);
  }

  /** @internal */
  override priorityOf(tag: unknown): number | undefined {
    return priorityOf(tag);
  }

  /** @internal */
  override makeTraceId(context: SpanContext): void {
    super.makeTraceId(context);
    if (!this.#isShort) return;
    context.traceId0 = 0;
    context.traceId1 = 0;
    if ((context.traceId2 | context.traceId3) === 0) context.traceId3 = 1;
  }
}

const USED: readonly string[] = ["contextKey", "baggagePrefix", "traceId128bit", "propagators"];

/** jaeger-client's tracer takes more: `initTracer` knows what to do with some of it. */
function tellUnused(options: object): void {
  const unused = Object.keys(options).filter((name) => !USED.includes(name));
  if (unused.length === 0) return;
  const text = `new Tracer(serviceName, reporter, sampler, options) makes no use of options.${unused.join(", options.")}`;
  warn("settings.ignored", `${text}: see docs/migrating.md`, undefined, unused.length);
}

/** The formats that are asked for, with `own` as Jaeger's; that alone where none are. */
function withOwn(asked: JaegerTracerOptions["propagators"], own: Propagator): readonly (PropagatorName | Propagator)[] {
  if (asked === undefined) return [own];
  // What is no list is the tracer's to refuse.
  return Array.isArray(asked) ? asked.map((one) => (one === "jaeger" ? own : one)) : asked;
}

function codecOf(formats: Propagator): Injector & Extractor {
  return {
    inject: (context, carrier) => formats.inject(context, carrier),
    extract(carrier) {
      const context = new JaegerSpanContext();
      formats.extract(carrier, context);
      return context;
    },
  };
}

function isRoot({ parentSpanId0, parentSpanId1 }: JaegerSpanContext): boolean {
  return (parentSpanId0 | parentSpanId1) === 0;
}

/** Asks a Jaeger sampler, and keeps its reason for the span that is being started. */
class RootSampler implements Sampler {
  readonly #sampler: JaegerSampler;
  #reason: SamplerTags | undefined = undefined;

  constructor(sampler: JaegerSampler) {
    this.#sampler = sampler;
  }

  isSampled(context: Readonly<TraceContext>, operationName: string): boolean {
    this.#reason = this.#sampler.decide(context, operationName);
    return this.#reason !== undefined;
  }

  /** Why the root was recorded that was asked about last; once. */
  takeReason(): SamplerTags | undefined {
    const reason = this.#reason;
    this.#reason = undefined;
    return reason;
  }

  toString(): string {
    return String(this.#sampler);
  }
}

function checked<T>(of: string, check: Check, value: T): T {
  const expected = check(value);
  if (expected !== undefined) throw new TypeError(`${of} needs ${expected}`);
  return value;
}
