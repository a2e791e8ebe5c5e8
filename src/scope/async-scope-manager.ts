// The active span by AsyncLocalStorage: every asynchronous call chain carries its own.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "opentracing";
import type { ScopeManager } from "./scope-manager.ts";

/** The scope manager for Node. Any number of concurrent calls each keep their own active span. */
export class AsyncScopeManager implements ScopeManager {
  readonly #storage = new AsyncLocalStorage<Span | undefined>();

  active(): Span | undefined {
    return this.#storage.getStore();
  }

  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R {
    return this.#storage.run(span, fn, ...args);
  }
}
