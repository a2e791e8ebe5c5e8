// How much one span may hold.

import { count } from "../diagnostics.ts";
import { checkOptions, isCount } from "../settings.ts";

/** Limits of a span. What is beyond them is dropped or cut, and counted on the span and in the diagnostics. */
export interface SpanLimits {
  /** Tags a span, 128 by default. */
  readonly maxTags: number;
  /** Log entries a span, 128 by default. */
  readonly maxLogs: number;
  /** Links a span by OpenTelemetry's API, 128 by default. */
  readonly maxLinks: number;
  /** Attributes of one event or link by OpenTelemetry's API, 128 by default. */
  readonly maxFields: number;
  /** Characters in a text value of a tag or log field, 8192 by default. */
  readonly maxValueLength: number;
}

export const DEFAULT_LIMITS: SpanLimits = {
  maxTags: 128,
  maxLogs: 128,
  maxLinks: 128,
  maxFields: 128,
  maxValueLength: 8192,
};

/** Completes and checks limits. Throws on anything but whole numbers of 0 or more. */
export function checkedLimits(limits: Partial<SpanLimits> = {}): SpanLimits {
  checkOptions("limits", limits, {
    maxTags: isCount,
    maxLogs: isCount,
    maxLinks: isCount,
    maxFields: isCount,
    maxValueLength: isCount,
  });
  return {
    maxTags: limits.maxTags ?? DEFAULT_LIMITS.maxTags,
    maxLogs: limits.maxLogs ?? DEFAULT_LIMITS.maxLogs,
    maxLinks: limits.maxLinks ?? DEFAULT_LIMITS.maxLinks,
    maxFields: limits.maxFields ?? DEFAULT_LIMITS.maxFields,
    maxValueLength: limits.maxValueLength ?? DEFAULT_LIMITS.maxValueLength,
  };
}

/** A tag or log value, cut to `maxLength` if it is a longer text. */
export function limitedValue(value: unknown, maxLength: number): unknown {
  if (typeof value !== "string" || value.length <= maxLength) return value;
  count("span.values_truncated");
  return value.slice(0, maxLength);
}
