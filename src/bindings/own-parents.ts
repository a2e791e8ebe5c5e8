// Leaves out parents and references of other tracers, which make most tracers throw.

import type { Reference, Span, SpanContext, SpanOptions } from "opentracing";
import { count } from "../diagnostics.ts";

/** The context of a span, or the value itself where it is no span. */
export function contextOf(parent: Span | SpanContext): SpanContext {
  const { context } = parent as Partial<Span>;
  return typeof context === "function" ? context.call(parent) : (parent as SpanContext);
}

/**
 * The options with contexts of the tracer's own alone, spans as their contexts. What is left out is counted
 * (`span.foreign_parent`).
 *
 * @param isOwn whether a context is one of this tracer
 */
export function withOwnParents(
  options: SpanOptions | undefined,
  isOwn: (context: SpanContext) => boolean,
): SpanOptions | undefined {
  const { childOf, references } = options ?? {};
  if (!childOf && references === undefined) return options;
  const context = childOf ? contextOf(childOf) : undefined;
  const isForeign = context !== undefined && !isOwn(context);
  const own = references?.filter((one) => isReferenceTo(one, isOwn));
  const dropped = (isForeign ? 1 : 0) + ((references?.length ?? 0) - (own?.length ?? 0));
  if (dropped > 0) count("span.foreign_parent", dropped);
  const result: { -readonly [K in keyof SpanOptions]: SpanOptions[K] } = { ...options };
  delete result.childOf;
  delete result.references;
  if (context !== undefined && !isForeign) result.childOf = context;
  if (own !== undefined) result.references = own;
  return result;
}

function isReferenceTo(reference: Reference, isOwn: (context: SpanContext) => boolean): boolean {
  const context: unknown = reference?.referencedContext?.();
  return typeof context === "object" && context !== null && isOwn(context as SpanContext);
}
