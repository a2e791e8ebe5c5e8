// Counts what a tracer with callbacks is sending, so that a flush can wait for it.

import { warn } from "../diagnostics.ts";
import { LONGEST_WAIT } from "../settings.ts";

/** Milliseconds that a flush without a limit waits: not every tracer ends a request that nobody answers. */
const LIMIT = 10_000;

/** Sends that have begun and have not ended. */
export class InFlight {
  readonly #sends = new Set<Promise<void>>();

  /** Calls `send`, which has to call `done` when it is over, however it ended. What it throws is its end, and counted. */
  track(send: (done: () => void) => void): void {
    const sent = new Promise<void>(send).catch(failed);
    this.#sends.add(sent);
    void sent.then(() => this.#sends.delete(sent));
  }

  /**
   * Resolves when all that has begun is over, or after `timeLimit` milliseconds. After ten seconds, or a longer limit, no
   * later call waits for what has begun by then.
   */
  async ended(timeLimit: number = LIMIT): Promise<void> {
    if (this.#sends.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(
        () => {
          if (timeLimit >= LIMIT) this.#sends.clear();
          resolve();
        },
        Math.min(timeLimit, LONGEST_WAIT),
      );
    });
    await Promise.race([Promise.all(this.#sends), limit]);
    clearTimeout(timer);
  }
}

function failed(error: unknown): void {
  warn("tracer.error", "the tracer failed to send spans", error);
}
