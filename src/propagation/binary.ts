// The BINARY carrier: a small documented format.

import type { TraceContext } from "../trace-context.ts";

/** Any object with a field `buffer`, as OpenTracing's `BinaryCarrier`. */
export interface BinaryCarrier {
  buffer?: ArrayLike<number> | null;
}

/** SKELETON: to be completed. */
export function injectBinary(_context: Readonly<TraceContext>, _carrier: BinaryCarrier): void {}

/** SKELETON: to be completed. */
export function extractBinary(_carrier: BinaryCarrier, _context: TraceContext): void {}
