// The flags of spans and links in OTLP: W3C trace flags, and whether the other span is in another process.

import type { TraceContext } from "../trace-context.ts";
import type { FinishedSpan } from "./reporter.ts";

/** Bit 8: it is known whether the parent, or the linked span, is remote. */
const KNOWN = 0x100;
/** Bit 9: it is. */
const REMOTE = 0x200;

/** `Span.flags`: the span's trace flags, and whether its parent is remote. */
export function spanFlags(span: FinishedSpan): number {
  return (span.context.traceFlags & 0xff) | (span.parentIsRemote ? KNOWN | REMOTE : KNOWN);
}

/** `Link.flags`: the trace flags of the linked span, and whether it is remote where its context says. */
export function linkFlags(context: Readonly<TraceContext> & { readonly isRemote?: boolean }): number {
  const remote = context.isRemote === undefined ? 0 : context.isRemote ? KNOWN | REMOTE : KNOWN;
  return (context.traceFlags & 0xff) | remote;
}
