// The built-in tracer: makes spans, decides about their sampling, and hands them to a reporter when they end.

import {
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  type Span as OpenTracingSpan,
  type SpanContext as OpenTracingSpanContext,
  Tracer as OpenTracingTracer,
  REFERENCE_CHILD_OF,
  type Reference,
  type SpanOptions,
} from "opentracing";
import { count, warn } from "../diagnostics.ts";
import { type LinkingTracer, REFERENCE_LINK } from "../link.ts";
import { type BinaryCarrier, extractBinary, injectBinary } from "../propagation/binary.ts";
import { CompositePropagator } from "../propagation/composite.ts";
import {
  DEFAULT_PROPAGATORS,
  isPropagatorList,
  type PropagatorName,
  propagatorsOf,
} from "../propagation/default-propagators.ts";
import type { Propagator, TextCarrier } from "../propagation/propagator.ts";
import type { Reporter, SpanReference } from "../report/reporter.ts";
import { type Check, checkOptions, hasMethods } from "../settings.ts";
import { SAMPLING_PRIORITY } from "../tags.ts";
import { propertyOf, toText } from "../text.ts";
import { DEBUG, DECISION_ONLY, hasIds, RANDOM_TRACE_ID, SAMPLED } from "../trace-context.ts";
import { clock, now, timeOr } from "./clock.ts";
import { randomWord } from "./ids.ts";
import { checkedLimits, type SpanLimits } from "./limits.ts";
import { ALWAYS, ParentBasedSampler, type Sampler } from "./sampler.ts";
import { Span } from "./span.ts";
import { SpanContext } from "./span-context.ts";
import { SpanRecord } from "./span-record.ts";
import { validReferences } from "./valid-references.ts";

export interface TracerOptions {
  /** Takes the finished spans. */
  readonly reporter: Reporter;
  /** Decides which traces are recorded: by default the parent's decision, and all roots. */
  readonly sampler?: Sampler | undefined;
  /** The header formats to read and write, in this order, by name or your own: `["tracecontext", "baggage"]` by default. */
  readonly propagators?: readonly (PropagatorName | Propagator)[] | undefined;
  /** How much a span may hold. */
  readonly limits?: Partial<SpanLimits> | undefined;
}

const OPTION_CHECKS: Readonly<Record<keyof TracerOptions, Check>> = {
  reporter: hasMethods("a reporter", "report", "flush", "close"),
  sampler: hasMethods("a sampler", "isSampled"),
  propagators: isPropagatorList,
  limits: () => undefined, // checkedLimits looks inside
};

/** The tag by which jaeger-client lets a root be found: the value of the header of that name. */
const JAEGER_DEBUG_ID = "jaeger-debug-id";

/** What another API adds to a tracer's spans. */
export interface SpanExtension {
  /** What the tracer makes from now on. */
  readonly Span: typeof Span;
  /** Whether no span is to be recorded here: the tracer then answers one without ids, which is never sent. Must not throw. */
  isSuppressed(options: SpanOptions | undefined): boolean;
}

/** Has a tracer make spans of another class, or of its own again. For the files that add to what spans are, not for users. */
export let extendSpans: (tracer: Tracer, extension: SpanExtension | undefined) => void;

/** An OpenTracing tracer. Once it is made no method throws, unless a getter of the options of `startSpan` does; one of their tags does not. */
export class Tracer extends OpenTracingTracer implements LinkingTracer {
  /** References of the type `REFERENCE_LINK` are links, never parents. */
  readonly supportsLinks = true;
  readonly limits: SpanLimits;
  readonly #reporter: Reporter;
  readonly #sampler: Sampler;
  readonly #propagator: CompositePropagator;
  #closed = false;
  #extension: SpanExtension | undefined;

  static {
    extendSpans = (tracer, extension) => {
      tracer.#extension = extension;
    };
  }

  /** Throws a TypeError that says what to write instead where an option is wrong. */
  constructor(options: TracerOptions) {
    super();
    checkOptions("new Tracer(options)", options, OPTION_CHECKS);
    if (options?.reporter === undefined) {
      throw new TypeError("new Tracer({ reporter }) needs a reporter, such as new MemoryReporter()");
    }
    this.limits = checkedLimits(options.limits);
    this.#reporter = options.reporter;
    this.#sampler = options.sampler ?? new ParentBasedSampler(ALWAYS);
    this.#propagator = new CompositePropagator(propagatorsOf(options.propagators ?? DEFAULT_PROPAGATORS));
  }

  /**
   * Starts a span. The parent is `childOf`, else the first child-of reference, else the first other that is no link;
   * without any the span starts a new trace. `startTime` is in milliseconds since 1970, now by default. The tag
   * `sampling.priority` given here overrides the sampler. What is no reference is counted (`span.foreign_parent`) and left out.
   */
  override startSpan(name: string, options?: SpanOptions): Span {
    if (this.#extension?.isSuppressed(options)) return this.makeSpan(new SpanContext(), undefined);
    const references = validReferences(options?.references);
    const parent = parentOf(options?.childOf, references);
    const operation = toText(name);
    const context = this.#newContext(operation, parent, options?.tags);
    if ((context.traceFlags & SAMPLED) === 0) return this.makeSpan(context, undefined);

    const span = this.makeSpan(context, newRecord(context, operation, parent, references, options?.startTime));
    if (options?.tags !== undefined) span.addTags(options.tags);
    if (parent?.debugId !== undefined && !hasIds(parent)) span.setTag(JAEGER_DEBUG_ID, parent.debugId);
    return span;
  }

  /** Writes a span's context to a carrier. Foreign contexts and carriers that are no objects are counted and left alone. */
  override inject(context: OpenTracingSpan | OpenTracingSpanContext, format: string, carrier: unknown): void {
    const own = contextOf(context);
    if (own === undefined || !isObject(carrier)) {
      count(own === undefined ? "span.foreign_parent" : "propagation.carrier");
      return;
    }
    switch (format) {
      case FORMAT_HTTP_HEADERS:
      case FORMAT_TEXT_MAP:
        this.#propagator.inject(own, carrier as TextCarrier);
        break;
      case FORMAT_BINARY:
        injectBinary(own, carrier as BinaryCarrier);
        break;
      default:
        warn("propagation.carrier", `inject knows the formats text_map, http_headers and binary, not "${format}"`);
    }
  }

  /**
   * Reads a context from a carrier: null where there is none, or none that is valid. After `close` it answers
   * OpenTracing's no-op context, which has nothing of `SpanContext` beyond that API: no `isSampled()`.
   */
  override extract(format: string, carrier: unknown): SpanContext | null {
    if (this.#closed) return super.extract(format, carrier) as SpanContext;
    if (!isObject(carrier)) {
      count("propagation.carrier");
      return null;
    }
    const context = this.makeContext(undefined);
    context.isRemote = true;
    switch (format) {
      case FORMAT_HTTP_HEADERS:
      case FORMAT_TEXT_MAP:
        this.#propagator.extract(carrier as TextCarrier, context);
        break;
      case FORMAT_BINARY:
        extractBinary(carrier as BinaryCarrier, context);
        break;
      default:
        warn("propagation.carrier", `extract knows the formats text_map, http_headers and binary, not "${format}"`);
    }
    const isContext = context.baggage !== undefined || hasIds(context) || (context.traceFlags & DECISION_ONLY) !== 0;
    return isContext ? context : null;
  }

  /** Whether `close` was called: spans still work, and go nowhere. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The names of the headers that `inject` writes, lower case. */
  get headerNames(): readonly string[] {
    return this.#propagator.fields;
  }

  /** Resolves when every finished span has been delivered or given up, or after `timeLimit` milliseconds, if given. Never rejects. */
  async flush(timeLimit?: number): Promise<void> {
    try {
      await this.#reporter.flush(timeLimit);
    } catch (error) {
      warn("report.reporter_error", "the reporter failed to flush", error);
    }
  }

  /**
   * Flushes and releases the reporter. Spans that finish later are counted as dropped, and `extract` answers from now on as
   * the no-op tracer's does, by which `initTracing` knows that the global tracer may be replaced. Never rejects.
   */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#reporter.close();
    } catch (error) {
      warn("report.reporter_error", "the reporter failed to close", error);
    }
  }

  /** @internal For `Span.finish` alone. */
  report(record: SpanRecord): void {
    try {
      this.#reporter.report(record);
    } catch (error) {
      warn("report.reporter_error", "the reporter threw; the span is lost", error);
    }
  }

  /** @internal For tracers that extend this one and have contexts of their own: an empty one, for a span with this parent. */
  protected makeContext(_parent: SpanContext | undefined): SpanContext {
    return new SpanContext();
  }

  /** @internal The same for spans. */
  protected makeSpan(context: SpanContext, record: SpanRecord | undefined): Span {
    const extension = this.#extension;
    return extension === undefined ? new Span(this, context, record) : new extension.Span(this, context, record);
  }

  /** @internal Gives a new trace its id. */
  protected makeTraceId(context: SpanContext): void {
    context.traceId0 = randomWord();
    context.traceId1 = randomWord();
    context.traceId2 = randomWord();
    context.traceId3 = randomWord();
  }

  /** @internal The tag `sampling.priority` as a number, undefined where it says nothing. */
  protected priorityOf(tag: unknown): number | undefined {
    return typeof tag === "number" ? tag : undefined;
  }

  /** @internal What a span collects in that is recorded only after it was started. */
  lateRecord(context: SpanContext, name: string, options: SpanOptions | undefined): SpanRecord {
    const references = validReferences(options?.references);
    return newRecord(context, name, parentOf(options?.childOf, references), references, options?.startTime);
  }

  #newContext(name: string, parent: SpanContext | undefined, tags: Record<string, unknown> | undefined): SpanContext {
    const context = this.makeContext(parent);
    context.spanId0 = randomWord();
    context.spanId1 = randomWord() | 1; // never all zero
    if (parent !== undefined) {
      context.baggage = parent.baggage;
      context.traceState = parent.traceState;
    }
    const continues = parent !== undefined && hasIds(parent);
    if (continues) {
      context.traceId0 = parent.traceId0;
      context.traceId1 = parent.traceId1;
      context.traceId2 = parent.traceId2;
      context.traceId3 = parent.traceId3;
    } else {
      this.makeTraceId(context);
    }
    const priority = this.priorityOf(tags && propertyOf(tags, SAMPLING_PRIORITY));
    const parentFlags = parent === undefined ? 0 : parent.traceFlags;
    const decider = continues || (parentFlags & DECISION_ONLY) !== 0 ? parent : undefined;
    const sampled = priority === undefined ? this.#isSampled(context, name, decider) : priority > 0;
    // Level 2 would let a new trace say that its id is random. Micrometer over Brave, as in Spring Boot 4.1, takes no
    // traceparent for one whose flags are not 00 or 01, so it is passed on where the caller said it, and not said first.
    const random = continues ? parentFlags & RANDOM_TRACE_ID : 0;
    context.traceFlags = sampled ? random | SAMPLED | (parentFlags & DEBUG) : random;
    return context;
  }

  #isSampled(context: SpanContext, name: string, parent: SpanContext | undefined): boolean {
    try {
      return this.#sampler.isSampled(context, name, parent);
    } catch (error) {
      warn("callback.error", "the sampler threw; the trace is not recorded", error);
      return false;
    }
  }
}

function newRecord(
  context: SpanContext,
  name: string,
  parent: SpanContext | undefined,
  references: readonly Reference[] | undefined,
  givenStart: number | undefined,
): SpanRecord {
  const monotonic = now();
  const offset = clock.offset(monotonic);
  const record = new SpanRecord(context, name, timeOr(offset + monotonic, givenStart), offset);
  if (parent !== undefined && hasIds(parent)) {
    record.parentSpanId0 = parent.spanId0;
    record.parentSpanId1 = parent.spanId1;
    record.parentIsRemote = parent.isRemote;
  }
  if (references !== undefined && references.length > 0) record.references = links(references, parent);
  return record;
}

function parentOf(
  childOf: OpenTracingSpan | OpenTracingSpanContext | undefined,
  references: readonly Reference[] | undefined,
): SpanContext | undefined {
  if (childOf !== undefined && childOf !== null) return contextOf(childOf) ?? foreign();
  if (references === undefined || references.length === 0) return undefined;
  const reference =
    references.find((one) => one.type() === REFERENCE_CHILD_OF) ??
    references.find((one) => one.type() !== REFERENCE_LINK);
  if (reference === undefined) return undefined;
  return contextOf(reference.referencedContext()) ?? foreign();
}

/** The references that are not simply "child of the parent": exporters show them as links. */
function links(references: readonly Reference[], parent: SpanContext | undefined): SpanReference[] {
  const result: SpanReference[] = [];
  for (const reference of references) {
    const context = contextOf(reference.referencedContext());
    if (context === undefined || (context === parent && reference.type() === REFERENCE_CHILD_OF)) continue;
    result.push({ type: reference.type(), context });
  }
  return result;
}

function contextOf(value: OpenTracingSpan | OpenTracingSpanContext): SpanContext | undefined {
  if (value instanceof Span) return value.context();
  return value instanceof SpanContext ? value : undefined;
}

/** A parent from another tracer, or the no-op one: the span starts a trace of its own. */
function foreign(): undefined {
  count("span.foreign_parent");
  return undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}
