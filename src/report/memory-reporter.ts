// Keeps finished spans in memory: for tests, and for looking at traces from inside the process.

import type { FinishedSpan, Reporter } from "./reporter.ts";

/** Keeps every finished span, in the order in which they finished, until `clear`. Unbounded: not for production. */
export class MemoryReporter implements Reporter {
  readonly #spans: FinishedSpan[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  /** The spans so far. */
  get spans(): readonly FinishedSpan[] {
    return this.#spans;
  }

  report(span: FinishedSpan): void {
    this.#spans.push(span);
    for (const waiter of this.#waiting.splice(0)) {
      if (this.#spans.length >= waiter.count) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  /** Resolves once at least `count` spans are here: the way for a test to wait without sleeping. */
  waitFor(count: number): Promise<void> {
    if (this.#spans.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  clear(): void {
    this.#spans.length = 0;
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
