// Our tracer as a service of a chain has it: it remembers what finished handles no longer know.

import { ALWAYS, MemoryReporter, NEVER, ParentBasedSampler, type PropagatorName, Span, Tracer } from "node-opentracing";
import type { Span as OpenTracingSpan, SpanContext, SpanOptions } from "opentracing";
import type { HopSpan } from "./hop.js";

export interface OwnTracerOptions {
  readonly propagators: readonly PropagatorName[];
  /** What is decided for a trace that begins here. */
  readonly sampled: boolean;
}

/** A tracer whose spans stay in memory. */
export function ownTracer({ propagators, sampled }: OwnTracerOptions): { tracer: OwnTracer; reporter: MemoryReporter } {
  const reporter = new MemoryReporter();
  const sampler = new ParentBasedSampler(sampled ? ALWAYS : NEVER);
  return { tracer: new OwnTracer({ reporter, sampler, propagators }), reporter };
}

export class OwnTracer extends Tracer {
  /** The span that was started last. */
  last: Span | undefined;
  readonly #parentIds = new WeakMap<OpenTracingSpan, string>();

  override startSpan(name: string, options?: SpanOptions): Span {
    const span = super.startSpan(name, options);
    const parent = options?.childOf;
    const context: SpanContext | undefined = parent instanceof Span ? parent.context() : (parent as SpanContext);
    this.#parentIds.set(span, context?.toSpanId() ?? "");
    this.last = span;
    return span;
  }

  /** A server's span as the hop protocol shows it: dropped ones too. */
  seen(span: OpenTracingSpan): HopSpan {
    const context = (span as Span).context();
    return {
      traceId: context.toTraceId(),
      spanId: context.toSpanId(),
      parentId: this.#parentIds.get(span) ?? "",
      sampled: context.isSampled(),
      baggage: Object.fromEntries(context.baggage?.entries() ?? []),
    };
  }
}
