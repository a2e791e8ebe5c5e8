// The span of ours that stands for what an OpenTelemetry context says: its span, with its baggage.

import { type Span as ApiSpan, type Context, createContextKey, propagation, trace } from "@opentelemetry/api";
import type { Baggage } from "../../trace-context.ts";
import type { Span } from "../../tracer/span.ts";
import { SpanContext } from "../../tracer/span-context.ts";
import type { Tracer } from "../../tracer/tracer.ts";
import { isSameBaggage, ownBaggage } from "./baggage.ts";
import { BilingualSpan } from "./bilingual-span.ts";
import { ownSpanContext } from "./span-context.ts";
import { SpanView } from "./span-view.ts";

/** What a caller said of sampling without naming a trace: `b3: 0`. */
const DECISION = createContextKey("node-opentracing decision");

/** Spans of other providers and those made of a bare context, as spans of ours that record nothing. */
const foreign = new WeakMap<ApiSpan, BilingualSpan>();

/** Undefined where the context says nothing at all. A span without ids where it has no span, but baggage or a decision. */
export function ownSpanOf(context: Context, tracer: Tracer): Span | undefined {
  const span = trace.getSpan(context);
  const own = span === undefined ? undefined : ownSpan(span, tracer);
  const baggage = ownBaggage(propagation.getBaggage(context));
  if (own !== undefined) return withBaggage(own, baggage);

  const decision = context.getValue(DECISION) as SpanContext | undefined;
  if (baggage === undefined && decision === undefined) return undefined;
  return new BilingualSpan(tracer, changed(decision ?? new SpanContext(), baggage), undefined);
}

/** Notes in a context what a caller decided without naming a trace. */
export function withDecision(context: Context, decision: SpanContext): Context {
  return context.setValue(DECISION, decision);
}

/** A span of ours as OpenTelemetry's API knows it: without ids, or of another tracer, it is none. */
export function apiSpanOf(span: Span): BilingualSpan {
  if (span instanceof SpanView) return span.target instanceof BilingualSpan ? span.target : span;
  if (span instanceof BilingualSpan) return span;
  let view = older.get(span);
  if (view === undefined) {
    view = new SpanView(span, span.context());
    older.set(span, view);
  }
  return view;
}

/** Spans that were started before the registration. */
const older = new WeakMap<Span, SpanView>();

function ownSpan(span: ApiSpan, tracer: Tracer): Span | undefined {
  if (span instanceof SpanView) return span.target;
  if (span instanceof BilingualSpan) return span;
  let own = foreign.get(span);
  if (own === undefined) {
    const context = ownSpanContext(span.spanContext());
    if (context === undefined) return undefined;
    own = new BilingualSpan(tracer, context, undefined);
    foreign.set(span, own);
  }
  return own;
}

/** The context's baggage counts, even where it is none: that is how one takes it away. */
function withBaggage(span: Span, baggage: Baggage | undefined): Span {
  const context = span.context();
  return isSameBaggage(context.baggage, baggage) ? span : new SpanView(span, changed(context, baggage));
}

function changed(context: SpanContext, baggage: Baggage | undefined): SpanContext {
  return Object.assign(new SpanContext(), context, { baggage });
}
