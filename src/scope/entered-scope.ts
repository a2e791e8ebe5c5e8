// A span that is active from a call of `enter` to a call of `close`, and never beyond the synchronous code between them.

import { type AsyncLocalStorage, executionAsyncId } from "node:async_hooks";
import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import type { Scope } from "./scope-manager.ts";

/** What the storage of an `AsyncScopeManager` holds: a span from `run`, or a scope from `enter`. */
export type Stored = Span | EnteredScope | undefined;

/**
 * - `open`
 * - `closed`: as it should be. What was started in the scope still carries it, and keeps its span.
 * - `overtaken`: closed while a scope entered later is open, which on its own close must not bring this one back.
 * - `revoked`: was not closed where it was entered. Whoever carries it falls back to what was active before it.
 */
type State = "open" | "closed" | "overtaken" | "revoked";

const LEFT_OPEN =
  "a scope from enter() was still open when the synchronous code around it ended, and was closed there; close it " +
  "before the first await and in the same call, or use run() or startActiveSpan()";
const OUT_OF_ORDER =
  "a scope from enter() was closed before another one that was entered in it; close the inner one first";
const ELSEWHERE =
  "a scope from enter() was closed in another call chain than it was entered in; what was active before is active " +
  "again for all who carry it; close it where it was entered, or use run()";

/**
 * `AsyncLocalStorage.enterWith` changes the context of whatever is running, which outlives the function that calls it:
 * the caller sees it, and on Node 20 and 22 so do later callbacks of the same timer and later requests of the same
 * socket. So the storage holds this object in place of the span, and can be told that the span is no longer meant.
 */
export class EnteredScope implements Scope {
  readonly #storage: AsyncLocalStorage<Stored>;
  readonly #asyncId: number;
  #span: Span | undefined;
  #previous: Stored;
  #state: State = "open";

  constructor(storage: AsyncLocalStorage<Stored>, span: Span | undefined) {
    this.#storage = storage;
    this.#asyncId = executionAsyncId();
    this.#span = span;
    this.#previous = restorable(storage.getStore());
    storage.enterWith(this);
    // Runs right after the running synchronous code, before any continuation of it.
    queueMicrotask(() => {
      if (this.#state === "open") this.#revoke(LEFT_OPEN);
    });
  }

  /** The active span for those who carry this scope. */
  active(): Span | undefined {
    if (this.#state !== "revoked") return this.#span;
    const previous = this.#previous;
    return previous instanceof EnteredScope ? previous.active() : previous;
  }

  close(): void {
    if (this.#state !== "open") return;
    const current = this.#storage.getStore();
    const inPlace = executionAsyncId() === this.#asyncId;
    if (inPlace && current === this) {
      this.#state = "closed";
      this.#storage.enterWith(restorable(this.#previous));
      // Whatever still carries this scope must not carry a chain of all before it.
      this.#previous = undefined;
    } else if (inPlace && current instanceof EnteredScope && current.#isInside(this)) {
      this.#state = "overtaken";
      warn("scope.misuse", OUT_OF_ORDER);
    } else {
      this.#revoke(ELSEWHERE);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What a scope entered in this one brings back when it closes. */
  restored(): Stored {
    return this.#state === "open" || this.#state === "closed" ? this : restorable(this.#previous);
  }

  #revoke(reason: string): void {
    this.#state = "revoked";
    this.#span = undefined;
    warn("scope.misuse", reason);
  }

  #isInside(outer: EnteredScope): boolean {
    let scope: Stored = this.#previous;
    while (scope instanceof EnteredScope && scope !== outer) scope = scope.#previous;
    return scope === outer;
  }
}

function restorable(stored: Stored): Stored {
  return stored instanceof EnteredScope ? stored.restored() : stored;
}
