// The active span by AsyncLocalStorage: every asynchronous call chain carries its own.

import { AsyncLocalStorage } from "node:async_hooks";
import type { EventEmitter } from "node:events";
import type { Span } from "opentracing";
import type { Undo } from "../patch.ts";
import { bind } from "./bind.ts";
import { bindEmitter } from "./bind-emitter.ts";
import { EnteredScope, type Stored } from "./entered-scope.ts";
import type { Scope, ScopeManager } from "./scope-manager.ts";

/** The scope manager for Node. Any number of concurrent calls each keep their own active span. */
export class AsyncScopeManager implements ScopeManager {
  readonly #storage = new AsyncLocalStorage<Stored>();

  active(): Span | undefined {
    const stored = this.#storage.getStore();
    return stored instanceof EnteredScope ? stored.active() : stored;
  }

  // Measured against fixed parameters: 12 ns both on Node 20 for one function, 35 to 29 for many; no difference on Node 24 (150).
  run<A extends unknown[], R>(span: Span | undefined, fn: (...args: A) => R, ...args: A): R {
    return this.#storage.run(span, fn, ...args);
  }

  /** `fn`, always run in `span`: see `bind`. Without `span`: in the span that is active now. */
  bind<F extends (...args: never[]) => unknown>(fn: F, ...span: [span?: Span | undefined]): F {
    return bind(this, fn, ...span);
  }

  /** Runs the listeners that `emitter` gets from now on in the right span: see `bindEmitter`. */
  bindEmitter(emitter: EventEmitter, ...span: [span?: Span | undefined]): Undo {
    return bindEmitter(this, emitter, ...span);
  }

  /**
   * Makes `span` active from here to `close()`, or to the end of the block with `using scope = manager.enter(span)`.
   *
   * For synchronous code, and in an async function for what comes before its first `await`. What is started in between
   * (timers, promises, calls) keeps the span. A scope that is still open when the running synchronous code ends would
   * leak into whatever runs next; it is closed there, which is counted and warned about as `scope.misuse`, as is closing
   * in another order than the reverse of entering. Use `run` wherever it is possible.
   */
  enter(span: Span | undefined): Scope {
    return new EnteredScope(this.#storage, span);
  }
}
