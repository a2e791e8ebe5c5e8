// An OpenTracing tracer whose spans are those of an OpenTelemetry provider.

import {
  type Baggage,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import {
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  type Span,
  type SpanContext,
  type SpanOptions,
  Tracer,
} from "opentracing";
import { count, warn } from "../diagnostics.ts";
import type { TextCarrier } from "../propagation/propagator.ts";
import { type Check, checkOptions, hasMethods, isBoolean, LONGEST_WAIT } from "../settings.ts";
import { SPAN_KIND } from "../tags.ts";
import { toText } from "../text.ts";
import { givenTime } from "../tracer/clock.ts";
import { VERSION } from "../version.ts";
import { isEmpty, NO_BAGGAGE, withBaggage } from "./baggage.ts";
import { GETTER, SETTER } from "./carrier-access.ts";
import { extractedValues, hasValues, NOTHING_EXTRACTED, TO_EXTRACT, withExtracted } from "./extracted-values.ts";
import type { OpenTelemetryInstrumentations } from "./opentelemetry-instrumentations.ts";
import { OpenTelemetrySpan } from "./opentelemetry-span.ts";
import { OpenTelemetrySpanContext } from "./opentelemetry-span-context.ts";
import { initialBaggage, linksTo, ownContext, ownReferences, parentOf, withParent } from "./references.ts";
import { PLAIN, SilentWriter, type SpanWriter, STABLE, spanKind, type Vocabulary } from "./span-writer.ts";
import { isSuppressed, unsuppressed } from "./suppression.ts";

export interface OpenTelemetryOptions {
  /**
   * Write OpenTracing's tags under OpenTelemetry's stable names: `http.method` becomes `http.request.method`, and so on, as
   * our own exporters do it. False by default, as the compatibility page wants it: only errors are mapped. `span.kind` decides the
   * kind in both.
   */
  readonly stableNames?: boolean | undefined;
  /**
   * Whether a span that is started without `childOf` and references becomes a child of what is active in OpenTelemetry's
   * context. False by default: OpenTracing's API says each parent.
   */
  readonly implicitParent?: boolean | undefined;
  /** For `FORMAT_TEXT_MAP`. OpenTelemetry's global propagator by default. */
  readonly textMapPropagator?: TextMapPropagator | undefined;
  /** For `FORMAT_HTTP_HEADERS`. OpenTelemetry's global propagator by default. */
  readonly httpHeadersPropagator?: TextMapPropagator | undefined;
}

const isPropagator = hasMethods("an OpenTelemetry propagator", "inject", "extract");

/** The checks of `OpenTelemetryOptions`, for `checkOptions`. */
export const OPENTELEMETRY_CHECKS: Readonly<Record<keyof OpenTelemetryOptions, Check>> = {
  stableNames: isBoolean,
  implicitParent: isBoolean,
  textMapPropagator: isPropagator,
  httpHeadersPropagator: isPropagator,
};

/** What is checked of a provider. */
export const isProvider: Check = hasMethods("an OpenTelemetry tracer provider", "getTracer");

/** What an OpenTelemetry SDK's provider can do beyond the API. */
interface Flushable {
  readonly forceFlush?: () => Promise<void>;
  readonly getDelegate?: () => Flushable;
}

/**
 * An OpenTracing tracer over any OpenTelemetry provider, by the specification's page "OpenTracing Compatibility". It makes
 * spans through `@opentelemetry/api` alone, and closes nothing: the provider is yours.
 */
export class OpenTelemetryTracer extends Tracer {
  /** A reference of the type `link` is a link and no parent: see `link.ts`. */
  readonly supportsLinks: boolean = true;
  /** Undefined: the global one. */
  readonly #given: TracerProvider | undefined;
  #provider: TracerProvider | undefined;
  #tracer: OtelTracer | undefined;
  readonly #vocabulary: Vocabulary;
  readonly #implicitParent: boolean;
  readonly #textMap: TextMapPropagator;
  readonly #httpHeaders: TextMapPropagator;
  readonly #others: OpenTelemetryInstrumentations | undefined;
  #isChecked = false;

  /**
   * @param provider whose tracer makes the spans; the global one by default, which may be set later
   * @throws TypeError where the provider or an option is wrong, saying what to write instead
   */
  constructor(provider?: TracerProvider, options?: OpenTelemetryOptions);
  /** @internal `others`: whose spans to take over. */
  constructor(provider?: TracerProvider, options?: OpenTelemetryOptions, others?: OpenTelemetryInstrumentations);
  constructor(provider?: TracerProvider, options: OpenTelemetryOptions = {}, others?: OpenTelemetryInstrumentations) {
    super();
    const expected = provider === undefined ? undefined : isProvider(provider);
    if (expected !== undefined) {
      throw new TypeError(`new OpenTelemetryTracer(provider): the provider must be ${expected}, not a tracer of it`);
    }
    checkOptions("new OpenTelemetryTracer(provider, options)", options, OPENTELEMETRY_CHECKS);
    const { stableNames = false, implicitParent = false } = options;
    this.#given = provider;
    this.#vocabulary = stableNames ? STABLE : PLAIN;
    this.#implicitParent = implicitParent;
    this.#textMap = options.textMapPropagator ?? propagation;
    this.#httpHeaders = options.httpHeadersPropagator ?? propagation;
    this.#others = others;
  }

  /**
   * Starts a span. The parent is `childOf`, else the first child-of reference, else the first reference; without any the
   * span starts a new trace. Every reference becomes a link with the attribute `opentracing.ref_type`. `startTime` is in
   * milliseconds since 1970, now by default. What is of another tracer, or no reference, is counted (`span.foreign_parent`) and
   * left out.
   */
  override startSpan(name: string, options?: SpanOptions): OpenTelemetrySpan {
    const tags = options?.tags ?? {};
    const references = ownReferences(options?.references);
    const parent = ownContext(options?.childOf) ?? parentOf(references);
    const baggage = initialBaggage(parent, references);

    const operation = toText(name);

    const adopted = this.#others?.adopt(tags[SPAN_KIND]);
    if (adopted !== undefined) return this.#over(adopted, operation, tags, baggage);

    const root = parent === undefined && !this.#implicitParent;
    const extracted = root ? NOTHING_EXTRACTED : parent?.extracted;
    const active = withExtracted(unsuppressed(contextApi.active()), extracted);
    const startTime = givenTime(options?.startTime);
    const span = this.#otelTracer().startSpan(
      operation,
      {
        kind: spanKind(tags),
        attributes: this.#vocabulary.attributes(tags),
        links: linksTo(references),
        root,
        ...(startTime === undefined ? undefined : { startTime }),
      },
      withBaggage(withParent(active, parent, options?.childOf), baggage),
    );
    const isRecording = span.isRecording();
    if (!isRecording && !this.#isChecked) this.#check(span);
    const writer = isRecording ? this.#vocabulary.writer(span, tags, "us") : new SilentWriter(span);
    return new OpenTelemetrySpan(this, writer, operation, baggage, extracted);
  }

  /**
   * Writes ids, baggage and what else is in the active context by OpenTelemetry's propagator; nothing where an SDK suppresses
   * tracing, as its exporters do: they send in the context of whatever was active. There is no binary format.
   */
  override inject(spanContext: Span | SpanContext, format: string, carrier: unknown): void {
    const own = ownContext(spanContext);
    const propagator = this.#propagatorOf("inject", format);
    if (own === undefined || propagator === undefined) return;
    if (!isObject(carrier)) {
      count("propagation.carrier");
      return;
    }
    const active = withExtracted(unsuppressed(contextApi.active()), own.extracted);
    if (isSuppressed(active)) return;
    try {
      const context = trace.setSpanContext(active, own.otelSpanContext);
      propagator.inject(withBaggage(context, own.baggage), carrier, SETTER);
    } catch (error) {
      warn("propagation.error", "an OpenTelemetry propagator threw; its headers are left out", error);
    }
  }

  /** Reads ids, baggage and what else OpenTelemetry's propagator knows: null where there is nothing of it. */
  override extract(format: string, carrier: unknown): OpenTelemetrySpanContext | null {
    const propagator = this.#propagatorOf("extract", format);
    if (propagator === undefined) return null;
    if (!isObject(carrier)) {
      count("propagation.carrier");
      return null;
    }
    try {
      const context = propagator.extract(TO_EXTRACT, carrier, GETTER);
      const spanContext = trace.getSpanContext(context) ?? INVALID_SPAN_CONTEXT;
      const baggage = propagation.getBaggage(context) ?? NO_BAGGAGE;
      const extracted = extractedValues(context);
      if (!isSpanContextValid(spanContext) && isEmpty(baggage) && !hasValues(extracted)) return null;
      return new OpenTelemetrySpanContext(spanContext, baggage, extracted);
    } catch (error) {
      warn("propagation.error", "an OpenTelemetry propagator threw; its headers are not read", error);
      return null;
    }
  }

  /** Has the provider send what has finished, if it can. Resolves after `timeLimit` milliseconds at the latest, if given. Never rejects. */
  async flush(timeLimit?: number): Promise<void> {
    const provider = (this.#given ?? trace.getTracerProvider()) as Flushable;
    const target = provider.getDelegate?.() ?? provider;
    if (typeof target.forceFlush !== "function") return;
    let timer: NodeJS.Timeout | undefined;
    try {
      const flushed = target.forceFlush();
      if (timeLimit === undefined) return await flushed;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.min(timeLimit, LONGEST_WAIT)).unref();
      });
      await Promise.race([flushed, limit]);
    } catch (error) {
      warn("tracer.error", "the OpenTelemetry provider failed to flush", error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @internal An OpenTracing span over one that OpenTelemetry's API made. */
  wrap(span: OtelSpan, baggage: Baggage): OpenTelemetrySpan {
    const writer = span.isRecording() ? this.#vocabulary.writer(span, {}, "either") : new SilentWriter(span);
    return new OpenTelemetrySpan(this, writer, "", baggage);
  }

  /** Makes the span of another instrumentation ours as well: it gets our name and tags, and ends when the other ends it. */
  #over(span: OtelSpan, name: string, tags: Record<string, unknown>, baggage: Baggage): OpenTelemetrySpan {
    let writer: SpanWriter = new SilentWriter(span);
    if (span.isRecording()) {
      span.updateName(name);
      span.setAttributes(this.#vocabulary.attributes(tags));
      writer = this.#vocabulary.writer(span, tags, "others");
    }
    return new OpenTelemetrySpan(this, writer, name, baggage);
  }

  /** Says once that there is no SDK: without one the API answers spans that have no ids. */
  #check(span: OtelSpan): void {
    if (isSpanContextValid(span.spanContext()) || isSuppressed(contextApi.active())) return;
    this.#isChecked = true;
    warn(
      "settings.ignored",
      "OpenTelemetry has no tracer provider, so no span is made: start its SDK, or hand one over",
    );
  }

  /** The global provider is looked up at each use: it may be set, or set anew, by another copy of the API. */
  #otelTracer(): OtelTracer {
    const provider = this.#given ?? trace.getTracerProvider();
    if (this.#tracer === undefined || provider !== this.#provider) {
      this.#provider = provider;
      this.#tracer = provider.getTracer(this.#vocabulary.tracerName, VERSION);
    }
    return this.#tracer;
  }

  #propagatorOf(method: string, format: string): TextMapPropagator | undefined {
    if (format === FORMAT_HTTP_HEADERS) return this.#httpHeaders;
    if (format === FORMAT_TEXT_MAP) return this.#textMap;
    const known = "an OpenTelemetryTracer knows the formats text_map and http_headers";
    const reason = format === FORMAT_BINARY ? "OpenTelemetry has no binary one" : `not "${format}"`;
    warn("propagation.carrier", `${method}: ${known}; ${reason}`);
    return undefined;
  }
}

function isObject(carrier: unknown): carrier is TextCarrier {
  return typeof carrier === "object" && carrier !== null;
}
