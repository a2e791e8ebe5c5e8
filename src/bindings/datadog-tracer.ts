// An OpenTracing tracer over dd-trace's own, whose spans say what Datadog wants to know: resource, type, error fields.

import { type Reference, type Span, type SpanContext, type SpanOptions, Tracer } from "opentracing";
import { errorFacts } from "../report/error-facts.ts";
import { HTTP_METHOD, SPAN_KIND } from "../tags.ts";
import { withOwnParents } from "./own-parents.ts";

/** dd-trace's tracer: OpenTracing's by its methods, not by its class. */
export interface Datadog {
  startSpan(name: string, options?: object): DatadogSpan;
  inject(context: unknown, format: string, carrier: unknown): void;
  extract(format: string, carrier: unknown): SpanContext | null;
}

interface DatadogSpan extends Span {
  operationName?: string;
  addEvent?(name: string, attributes: object, time?: number): void;
}

/** How Datadog groups requests: by an operation that is one of few, and by resource, which is our operation name. */
const SERVER = { operation: "web.request", type: "web" };
const CLIENT = { operation: "http.request", type: "http" };

export class DatadogTracer extends Tracer {
  readonly #datadog: Datadog;

  constructor(datadog: Datadog) {
    super();
    this.#datadog = datadog;
  }

  override startSpan(name: string, options?: SpanOptions): Span {
    const own = withOwnParents(options, isDatadogContext);
    const shape = shapeOf(own?.tags);
    // References are read by name from other copies of `opentracing` too.
    const { childOf, references, startTime, tags } = (own ?? {}) as SpanOptions & { references?: Reference[] };
    const span = this.#datadog.startSpan(shape?.operation ?? name, {
      ...(childOf === undefined ? { references } : { childOf }),
      startTime,
      tags: shape === undefined ? { ...tags } : { ...tags, "span.type": shape.type, "resource.name": name },
    });
    span.log = log;
    if (shape !== undefined) {
      span.operationName = name; // by which our own names are told from users'
      span.setOperationName = setResource;
    }
    return span;
  }

  override inject(context: Span | SpanContext, format: string, carrier: unknown): void {
    this.#datadog.inject(context, format, carrier);
  }

  override extract(format: string, carrier: unknown): SpanContext | null {
    return this.#datadog.extract(format, carrier);
  }
}

function shapeOf(tags: SpanOptions["tags"]): typeof SERVER | undefined {
  if (tags?.[HTTP_METHOD] === undefined) return undefined;
  if (tags[SPAN_KIND] === "server") return SERVER;
  return tags[SPAN_KIND] === "client" ? CLIENT : undefined;
}

function setResource(this: DatadogSpan, name: string): Span {
  this.operationName = name;
  return this.setTag("resource.name", name);
}

/** dd-trace leaves out what is logged. Errors become the tags that it makes of errors, the rest become span events. */
function log(this: DatadogSpan, fields: Readonly<Record<string, unknown>>, timestamp?: number): Span {
  const { event, ...others } = fields;
  if (event !== "error") {
    this.addEvent?.(typeof event === "string" ? event : "log", others, timestamp);
    return this;
  }
  const { kind, type, message, stack } = errorFacts(fields);
  this.setTag("error", true);
  if (type || kind) this.setTag("error.type", type || kind);
  if (message) this.setTag("error.message", message);
  if (stack) this.setTag("error.stack", stack);
  return this;
}

function isDatadogContext(context: SpanContext): boolean {
  return (context as { _trace?: unknown })._trace !== undefined;
}
