// A reporter that drops what it is given.

import type { Reporter } from "../report/reporter.ts";

/** For tests, and for services that only pass contexts on. */
export class NoopReporter implements Reporter {
  report(): void {}

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
