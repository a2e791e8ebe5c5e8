// An OpenTracing tracer over zipkin-javascript-opentracing, which has no tags at the start, no names to change, one kind of span.

import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP, type Reference, Span, SpanContext, Tracer } from "opentracing";
import { count } from "../diagnostics.ts";
import { valueText } from "../report/attribute-value.ts";
import { errorFacts } from "../report/error-facts.ts";
import { ERROR, SPAN_KIND } from "../tags.ts";
import type { Annotation, Recorder } from "./zipkin-recorder.ts";

/** What the tracer can say a span is. */
export type Kind = "client" | "server" | "local";

/** zipkin's values that may be missing. */
export interface Optional {
  getOrElse<T>(other: T): unknown;
}
/** zipkin's identity of a span. */
interface TraceId {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: Optional;
  readonly sampled: Optional;
}
interface Native {
  readonly id: TraceId;
  setTag(name: string, value: string): void;
  log(message: string): void;
  finish(): void;
}
/** What zipkin-javascript-opentracing calls a tracer: one for each kind. */
export interface ZipkinTracing {
  startSpan(name: string, options: { readonly childOf?: { readonly id: TraceId } | undefined }): Native;
  readonly _zipkinTracer: {
    readonly sampler: { shouldSample(id: TraceId): Optional };
    scoped(fn: () => void): void;
    setId(id: TraceId): void;
    recordAnnotation(annotation: Annotation): void;
  };
}
/** What is used of the package `zipkin`. */
export interface ZipkinModule {
  readonly Annotation: {
    readonly Rpc: new (name: string) => Annotation;
    readonly LocalOperationStart: new (name?: string) => Annotation;
    readonly LocalOperationStop: new () => Annotation;
  };
  readonly BatchRecorder: new (options: object) => Recorder;
  readonly TraceId: new (parts: object) => TraceId;
  readonly jsonEncoder: { readonly JSON_V2: object };
  readonly option: { readonly Some: new (value: unknown) => Optional; readonly None: Optional };
}

export class ZipkinTracer extends Tracer {
  readonly #zipkin: ZipkinModule;
  readonly #debug: Optional;
  readonly #kind: Kind;
  readonly #tracings: Readonly<Record<Kind, ZipkinTracing>>;

  /**
   * @param debug the decision of debug traces, an object of its own: the package hands decisions down, and no mark
   * @param kind of spans that do not say theirs
   */
  constructor(zipkin: ZipkinModule, debug: Optional, kind: Kind, tracings: Readonly<Record<Kind, ZipkinTracing>>) {
    super();
    this.#zipkin = zipkin;
    this.#debug = debug;
    this.#kind = kind;
    this.#tracings = tracings;
  }

  protected override _startSpan(name: string, fields: { references?: Reference[]; tags?: Tags }): Span {
    const asked = fields.tags?.[SPAN_KIND];
    const kind = asked === "client" || asked === "server" ? asked : this.#kind;
    const tracing = this.#tracings[kind];
    const native = tracing.startSpan(name, { childOf: parentIn(fields.references) });
    const rename = (renamed: string): void => {
      const tracer = tracing._zipkinTracer;
      tracer.scoped(() => {
        tracer.setId(native.id);
        tracer.recordAnnotation(new this.#zipkin.Annotation.Rpc(renamed));
      });
    };
    if (kind === "local") rename(name); // the start of an operation has taken the name away
    const span = new ZipkinSpan(this, native, name, rename);
    if (fields.tags !== undefined) span.addTags(fields.tags);
    return span;
  }

  /** B3, several headers: https://github.com/openzipkin/b3-propagation. The package's own writes what it should not. */
  protected override _inject(context: SpanContext, format: string, carrier: Record<string, string>): void {
    if (!isText(format) || !(context instanceof ZipkinContext)) return;
    const { traceId, spanId, parentSpanId, sampled } = context.id;
    carrier["x-b3-traceid"] = traceId;
    carrier["x-b3-spanid"] = spanId;
    const parent = parentSpanId.getOrElse(undefined);
    if (typeof parent === "string") carrier["x-b3-parentspanid"] = parent;
    if (sampled === this.#debug) carrier["x-b3-flags"] = "1";
    else carrier["x-b3-sampled"] = sampled.getOrElse(false) ? "1" : "0";
  }

  protected override _extract(format: string, carrier: Record<string, unknown>): SpanContext | null {
    if (!isText(format)) return null;
    const traceId = carrier["x-b3-traceid"];
    const spanId = carrier["x-b3-spanid"];
    if (!isHex(traceId, /^(?:[\da-f]{16}|[\da-f]{32})$/i) || !isHex(spanId, /^[\da-f]{16}$/i)) return null;
    const { TraceId } = this.#zipkin;
    const { sampler } = this.#tracings[this.#kind]._zipkinTracer;
    const sampled = this.#decision(carrier) ?? sampler.shouldSample(new TraceId({ traceId, spanId }));
    return new ZipkinContext(new TraceId({ traceId, spanId, sampled }));
  }

  /** The caller's; undefined where it leaves that to our sampler. */
  #decision(carrier: Record<string, unknown>): Optional | undefined {
    if (carrier["x-b3-flags"] === "1") return this.#debug;
    const sampled = carrier["x-b3-sampled"];
    const { Some } = this.#zipkin.option;
    if (sampled === "1" || sampled === "true") return new Some(true);
    if (sampled === "0" || sampled === "false") return new Some(false);
    return undefined;
  }
}

type Tags = Readonly<Record<string, unknown>>;

/** What travels; `id` as the package wants it of a parent. */
class ZipkinContext extends SpanContext {
  readonly id: TraceId;
  constructor(id: TraceId) {
    super();
    this.id = id;
  }
  override toTraceId(): string {
    return this.id.traceId;
  }
  override toSpanId(): string {
    return this.id.spanId;
  }
}

class ZipkinSpan extends Span {
  operationName: string;
  readonly #tracer: ZipkinTracer;
  readonly #native: Native;
  readonly #rename: (name: string) => void;
  /** What is recorded later would become a second, broken span. */
  #isFinished = false;
  /** Whether the tag `error` says already what went wrong. */
  #isExplained = false;

  constructor(tracer: ZipkinTracer, native: Native, name: string, rename: (name: string) => void) {
    super();
    this.#tracer = tracer;
    this.#native = native;
    this.operationName = name;
    this.#rename = rename;
  }

  protected override _tracer(): Tracer {
    return this.#tracer;
  }

  protected override _context(): SpanContext {
    return new ZipkinContext(this.#native.id);
  }

  protected override _setOperationName(name: string): void {
    if (this.#ended()) return;
    this.operationName = name;
    this.#rename(name);
  }

  protected override _addTags(tags: Tags): void {
    if (this.#ended()) return;
    for (const name of Object.keys(tags)) {
      const value = tags[name];
      if (value === undefined || name === SPAN_KIND || (name === ERROR && value === true && this.#isExplained))
        continue;
      this.#native.setTag(name, valueText(value));
    }
  }

  /** Zipkin's annotations are texts, and its `error` tag is what went wrong. */
  protected override _log(fields: Tags): void {
    if (this.#ended()) return;
    if (fields["event"] !== "error") {
      this.#native.log(valueText(Object.keys(fields).length === 1 && "event" in fields ? fields["event"] : fields));
      return;
    }
    const { kind, message } = errorFacts(fields);
    this.#native.setTag(ERROR, [kind, message].filter((text) => text !== "").join(": ") || "true");
    this.#isExplained = true;
  }

  protected override _finish(): void {
    if (this.#ended()) return;
    this.#isFinished = true;
    this.#native.finish();
  }

  #ended(): boolean {
    if (this.#isFinished) count("span.used_after_finish");
    return this.#isFinished;
  }
}

function parentIn(references: Reference[] | undefined): ZipkinContext | undefined {
  const contexts = references?.map((one) => one.referencedContext());
  const parent = contexts?.find((one) => one instanceof ZipkinContext);
  if (parent === undefined && contexts !== undefined && contexts.length > 0) count("span.foreign_parent");
  return parent as ZipkinContext | undefined;
}

function isText(format: string): boolean {
  return format === FORMAT_HTTP_HEADERS || format === FORMAT_TEXT_MAP;
}

function isHex(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}
