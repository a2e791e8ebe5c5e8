// What a header format must be able to do.

import type { TraceContext } from "../trace-context.ts";

/** Headers or another text map: names to values. Values of incoming headers may be lists. */
export type TextCarrier = Record<string, string | readonly string[] | undefined>;

/** Writes and reads one header format. Implementations are stateless and shared by all requests. */
export interface Propagator {
  /** The header names it writes, lower case. */
  readonly fields: readonly string[];
  /** Writes `context` to `carrier`. Never throws for any context. */
  inject(context: Readonly<TraceContext>, carrier: TextCarrier): void;
  /**
   * Reads what it understands of `carrier` into `context`, and leaves `context` as it was where there is nothing or
   * nothing valid. Never throws for any carrier. Header names are compared without regard to case.
   */
  extract(carrier: TextCarrier, context: TraceContext): void;
}
