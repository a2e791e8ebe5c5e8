// The active span as dd-trace knows it: its plug-ins' spans nest under ours, and ours under theirs.

import type { Span } from "opentracing";
import type { ScopeManager } from "../scope/scope-manager.ts";

/** What `tracer.scope()` of dd-trace answers. */
export interface DatadogScope {
  active(): Span | null;
  activate<T>(span: Span | null, fn: () => T): T;
}

export class DatadogScopeManager implements ScopeManager {
  readonly #scope: DatadogScope;

  constructor(scope: DatadogScope) {
    this.#scope = scope;
  }

  active(): Span | undefined {
    return this.#scope.active() ?? undefined;
  }

  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R {
    // dd-trace would write what is thrown through `activate` on the span, with the secrets in it: it never gets to see it.
    let outcome: { readonly value: R } | { readonly error: unknown };
    this.#scope.activate(span ?? null, () => {
      try {
        outcome = { value: fn(...args) };
      } catch (error) {
        outcome = { error };
      }
    });
    if ("value" in outcome!) return outcome.value;
    throw outcome!.error;
  }
}
