// What tracing had to drop, ignore or swallow: counted by name, published, and warned about at most once a minute a name and text.

import { shared } from "./shared.ts";

/**
 * Every counter there is. A count is a number of spans, requests or calls, as the name says; `docs/diagnostics.md` tells
 * what each means and what to do about it.
 */
export type CounterName =
  | "span.finished_twice"
  | "span.used_after_finish"
  | "span.tags_dropped"
  | "span.logs_dropped"
  | "span.links_dropped"
  | "span.values_truncated"
  | "span.foreign_parent"
  | "scope.misuse"
  | "callback.error"
  | "tracer.error"
  | "propagation.invalid"
  | "propagation.limit"
  | "propagation.carrier"
  | "propagation.error"
  | "framework.unknown"
  | "instrumentation.doubled"
  | "client.unread_body"
  | "sampler.refresh_failed"
  | "report.queue_full"
  | "report.send_failed"
  | "report.rejected"
  | "report.bad_answer"
  | "report.retried"
  | "report.encode_error"
  | "report.after_close"
  | "report.exit_timeout"
  | "report.reporter_error"
  | "settings.ignored"
  | "environment.invalid";

/** What is published on the channel `node-opentracing:diagnostics` each time a counter grows, but by what its listeners do. */
export interface DiagnosticsMessage {
  readonly name: CounterName;
  /** How much the counter grew. */
  readonly amount: number;
  readonly message: string | undefined;
  readonly error: unknown;
}

/** Milliseconds between two warnings with the same name and text. */
const WARNING_INTERVAL = 60_000;
/** Texts of a name that are shown meanwhile. */
const MAX_TEXTS = 5;

/** One for all copies of this package: what one drops, `diagnostics()` of the other tells. */
const state: {
  readonly counters: Map<CounterName, number>;
  /** By name: when these texts were shown, and how much there has been to warn of by now. */
  readonly warnings: Map<CounterName, { readonly shown: Map<string, number>; total: number }>;
  /** While listeners run: what they cause themselves is counted and not published, or it might go on for ever. */
  isPublishing: boolean;
} = shared("diagnostics", () => ({ counters: new Map(), warnings: new Map(), isPublishing: false }));

// Reached through `process`, not imported, so that this file also loads where there is no Node.
const channel = globalThis.process
  ?.getBuiltinModule?.("node:diagnostics_channel")
  ?.channel("node-opentracing:diagnostics");

/** Adds to a counter. Never throws, never prints. */
export function count(name: CounterName, amount = 1, message?: string, error?: unknown): void {
  state.counters.set(name, (state.counters.get(name) ?? 0) + amount);
  if (state.isPublishing || !channel?.hasSubscribers) return;
  state.isPublishing = true;
  try {
    channel.publish({ name, amount, message, error } satisfies DiagnosticsMessage);
  } finally {
    state.isPublishing = false;
  }
}

/**
 * Adds to a counter and warns, at most once a minute for each name and text, and of five texts a name. `message` is a sentence that says what was lost and
 * what to do; it must not hold header values, query strings or other content of requests. Where it is more than one, how often there was something to warn of follows.
 */
export function warn(name: CounterName, message: string, error?: unknown, amount = 1): void {
  count(name, amount, message, error);
  const now = Date.now();
  const warning = state.warnings.get(name) ?? { shown: new Map(), total: 0 };
  state.warnings.set(name, warning);
  warning.total += amount;
  const { shown } = warning;
  for (const [text, shownAt] of shown) if (now - shownAt >= WARNING_INTERVAL) shown.delete(text);
  if (shown.has(message) || shown.size === MAX_TEXTS) return;
  shown.set(message, now);

  const { total } = warning;
  const soFar = total > 1 ? ` [${total} so far]` : "";
  const text = `${message}${error === undefined ? "" : ` (${describe(error)})`}${soFar}`;
  try {
    if (typeof process === "undefined") console.warn(`OpenTracingWarning [${name}] ${text}`);
    else process.emitWarning(text, { type: "OpenTracingWarning", code: name });
  } catch {
    // A console that throws, or Node run with --throw-deprecation and alike, must not reach a request.
  }
}

/** The counters so far, by name; those still at zero are left out. */
export function diagnostics(): Partial<Record<CounterName, number>> {
  return Object.fromEntries(state.counters);
}

/** Sets all counters to zero and forgets when was last warned. For tests. */
export function resetDiagnostics(): void {
  state.counters.clear();
  state.warnings.clear();
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}
