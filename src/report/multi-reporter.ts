// Several reporters as one.

import { warn } from "../diagnostics.ts";
import { hasMethods } from "../settings.ts";
import type { FinishedSpan, Reporter } from "./reporter.ts";

const isReporter = hasMethods("a reporter", "report", "flush", "close");

/** Hands each span to all reporters. One that fails does not keep the span from the others. */
export class MultiReporter implements Reporter {
  readonly #reporters: readonly Reporter[];

  /** Throws a TypeError for what is no reporter. */
  constructor(reporters: readonly Reporter[]) {
    const expected = Array.isArray(reporters) ? reporters.map(isReporter).find(Boolean) : "an array of reporters";
    if (expected !== undefined) throw new TypeError(`new MultiReporter([...]) needs ${expected}`);
    this.#reporters = [...reporters];
  }

  nameService(serviceName: string): void {
    for (const reporter of this.#reporters) reporter.nameService?.(serviceName);
  }

  report(span: FinishedSpan): void {
    for (let i = 0; i < this.#reporters.length; i++) {
      try {
        this.#reporters[i]!.report(span);
      } catch (error) {
        warn("report.reporter_error", "a reporter threw; the span is lost to it", error);
      }
    }
  }

  flush(timeLimit?: number): Promise<void> {
    return this.#all((reporter) => reporter.flush(timeLimit));
  }

  close(): Promise<void> {
    return this.#all((reporter) => reporter.close());
  }

  async #all(call: (reporter: Reporter) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#reporters.map(async (reporter) => {
        try {
          await call(reporter);
        } catch (error) {
          warn("report.reporter_error", "a reporter failed to flush or close", error);
        }
      }),
    );
  }
}
