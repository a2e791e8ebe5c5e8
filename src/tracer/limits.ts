// How much one span may hold.

/** Limits of a span. What is beyond them is dropped or cut, and counted on the span and in the diagnostics. */
export interface SpanLimits {
  /** Tags a span, 128 by default. */
  readonly maxTags: number;
  /** Log entries a span, 128 by default. */
  readonly maxLogs: number;
  /** Characters in a text value of a tag or log field, 8192 by default. */
  readonly maxValueLength: number;
}

export const DEFAULT_LIMITS: SpanLimits = { maxTags: 128, maxLogs: 128, maxValueLength: 8192 };

/** Completes and checks limits. Throws on anything but whole numbers of 0 or more. */
export function checkedLimits(limits: Partial<SpanLimits> = {}): SpanLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) {
      throw new TypeError(`limits.${name} is not a limit; there are ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    }
    if (value !== undefined && (!Number.isInteger(value) || value < 0)) {
      throw new TypeError(`limits.${name} must be a whole number of 0 or more, not ${String(value)}`);
    }
  }
  const defined = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(defined) };
}
