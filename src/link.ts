// Links: references to spans of other traces, which OpenTracing's API has no type for.

import { Reference, type SpanContext, type Tracer } from "opentracing";

/**
 * The type of a reference to a span that is no parent: `new Reference(REFERENCE_LINK, context)`. A span that is given no other
 * reference starts a trace of its own; the back end shows the link. Known to tracers whose `supportsLinks` is true.
 */
export const REFERENCE_LINK = "link";

/** A tracer that may know of links. */
export interface LinkingTracer extends Tracer {
  readonly supportsLinks?: boolean;
}

/** References with a link to `context`, where the tracer knows of links. */
export function linkTo(tracer: LinkingTracer, context: SpanContext): Reference[] | undefined {
  return tracer.supportsLinks === true ? [new Reference(REFERENCE_LINK, context)] : undefined;
}
