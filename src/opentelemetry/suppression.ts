// The mark by which OpenTelemetry's SDK and instrumentations make no spans, and how to tell ours from theirs.

import { context as contextApi, createContextKey, type Context as OtelContext } from "@opentelemetry/api";

/** As in @opentelemetry/core, `suppressTracing`: keys of the same description are the same. */
const SUPPRESSED: symbol = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
/** That the mark was set by us, so that it is not meant for our own spans. */
const BY_US: symbol = createContextKey("node-opentracing.suppressed");

/** Calls `fn` so that OpenTelemetry makes no spans of what it does, except by us. */
export function suppressed<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  const active = contextApi.active();
  if (active.getValue(SUPPRESSED) === true) return fn(...args);
  return contextApi.with(active.setValue(SUPPRESSED, true).setValue(BY_US, true), fn, undefined, ...args);
}

/** The context with the mark as OpenTelemetry's own libraries set it: nothing is traced there, by us neither. */
export function suppressing(context: OtelContext): OtelContext {
  return context.setValue(SUPPRESSED, true);
}

/** The context in which we make a span: without the mark, if we set it. What the SDK suppresses stays so. */
export function unsuppressed(context: OtelContext): OtelContext {
  return context.getValue(BY_US) === true ? context.deleteValue(SUPPRESSED).deleteValue(BY_US) : context;
}

/** Whether no spans are to be made, by the will of somebody else. */
export function isSuppressed(context: OtelContext): boolean {
  return context.getValue(SUPPRESSED) === true && context.getValue(BY_US) !== true;
}
