// Tells a logger of each span that is reported: jaeger-client's `logSpans`.

import type { FinishedSpan, Reporter } from "../report/reporter.ts";
import { type JaegerLogger, tell } from "./logger.ts";

/** Writes one line a span, with its ids alone. Without a logger it does nothing. */
export class LoggingReporter implements Reporter {
  readonly #logger: JaegerLogger | undefined;

  constructor(logger?: JaegerLogger) {
    this.#logger = logger;
  }

  report({ context }: FinishedSpan): void {
    tell(() => this.#logger?.info(`Reporting span ${String(context)}`));
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
