// What a new span refers to: its parent, its links, and the baggage that it begins with.

import {
  type Baggage,
  isSpanContextValid,
  type Link,
  type Context as OtelContext,
  propagation,
  trace,
} from "@opentelemetry/api";
import { REFERENCE_CHILD_OF, type Reference, type Span, type SpanContext } from "opentracing";
import { count } from "../diagnostics.ts";
import { REFERENCE_LINK } from "../link.ts";
import { validReferences } from "../tracer/valid-references.ts";
import { NO_BAGGAGE } from "./baggage.ts";
import { OpenTelemetrySpan } from "./opentelemetry-span.ts";
import { OpenTelemetrySpanContext } from "./opentelemetry-span-context.ts";

/** A reference to a span of ours. */
export interface OwnReference {
  readonly type: string;
  readonly context: OpenTelemetrySpanContext;
}

const NO_REFERENCES: readonly OwnReference[] = [];

/** Those that are ours; what is of another tracer, or no reference, is counted `span.foreign_parent`. */
export function ownReferences(given: readonly Reference[] | null | undefined): readonly OwnReference[] {
  const references = validReferences(given);
  if (references === undefined || references.length === 0) return NO_REFERENCES;
  const own: OwnReference[] = [];
  for (const reference of references) {
    const context = ownContext(reference.referencedContext());
    if (context !== undefined) own.push({ type: reference.type(), context });
  }
  return own;
}

/** The context, where it is ours; otherwise it is counted. */
export function ownContext(value: Span | SpanContext | null | undefined): OpenTelemetrySpanContext | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof OpenTelemetrySpan) return value.context();
  if (value instanceof OpenTelemetrySpanContext) return value;
  count("span.foreign_parent");
  return undefined;
}

/** The first child-of reference, else the first that is no mere link. */
export function parentOf(references: readonly OwnReference[]): OpenTelemetrySpanContext | undefined {
  const parent = references.find(({ type }) => type === REFERENCE_CHILD_OF) ?? references.find(isRelative);
  return parent?.context;
}

function isRelative({ type }: OwnReference): boolean {
  return type !== REFERENCE_LINK;
}

/** That of all referenced spans together, links left out; without references, that of the running code. */
export function initialBaggage(
  parent: OpenTelemetrySpanContext | undefined,
  references: readonly OwnReference[],
): Baggage {
  if (parent === undefined && references.length === 0) return propagation.getActiveBaggage() ?? NO_BAGGAGE;
  let baggage = parent?.baggage ?? NO_BAGGAGE;
  for (const reference of references) {
    const { context } = reference;
    if (context === parent || !isRelative(reference)) continue;
    for (const [name, entry] of context.baggage.getAllEntries()) {
      if (baggage.getEntry(name) === undefined) baggage = baggage.setEntry(name, entry);
    }
  }
  return baggage;
}

/** All references as links, the parent's too, as the compatibility page has it. */
export function linksTo(references: readonly OwnReference[]): Link[] {
  const links: Link[] = [];
  for (const { type, context } of references) {
    if (!isSpanContextValid(context.otelSpanContext)) continue;
    const refType = type === REFERENCE_CHILD_OF ? "child_of" : "follows_from";
    const attributes = type === REFERENCE_LINK ? undefined : { "opentracing.ref_type": refType };
    links.push({ context: context.otelSpanContext, ...(attributes && { attributes }) });
  }
  return links;
}

/** A parent in this process is handed on as the span itself, for processors and samplers that look at it. */
export function withParent(
  active: OtelContext,
  parent: OpenTelemetrySpanContext | undefined,
  childOf: Span | SpanContext | undefined,
): OtelContext {
  if (parent === undefined) return active;
  if (childOf instanceof OpenTelemetrySpan) return trace.setSpan(active, childOf.otelSpan);
  return trace.setSpanContext(active, parent.otelSpanContext);
}
