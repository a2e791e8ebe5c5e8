// Whether a span's name is the one that we gave it: a name that users choose is never overwritten.

import { Span } from "opentracing";
import { patch } from "../patch.ts";

/** Spans whose names their users chose, where the name itself does not tell. */
const kept = new WeakSet<Span>();

/** Says that a span has the name its user chose. */
export function keepName(span: Span): void {
  kept.add(span);
}

/** Has to see a new span, so that `isNamed` knows of later names even where the tracer does not let them be read. */
export function noteName(span: Span): void {
  if (nameOf(span) !== undefined || span.constructor === Span || !Object.isExtensible(span)) return;
  const { setOperationName } = span;
  patch(span, "setOperationName", (name) => {
    kept.add(span);
    return setOperationName.call(span, name);
  });
}

/** Whether a span that we named `given` has another name by now, or one that its user chose. */
export function isNamed(span: Span, given: string): boolean {
  return kept.has(span) || (nameOf(span) ?? given) !== given;
}

/** The name, where the tracer tells it: by a property in the built-in tracer and jaeger-client, by a method in MockTracer. */
function nameOf(span: Span): string | undefined {
  const { operationName } = span as { operationName?: unknown };
  const name: unknown = typeof operationName === "function" ? operationName.call(span) : operationName;
  return typeof name === "string" ? name : undefined;
}
