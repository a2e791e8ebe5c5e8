// How much one span may hold.

import { count } from "../diagnostics.ts";
import { errorStack } from "../report/error-facts.ts";
import { checkOptions, isCount } from "../settings.ts";

/** Limits of a span. What is beyond them is dropped or cut, and counted on the span and in the diagnostics. */
export interface SpanLimits {
  /** Tags a span, 128 by default; `span.kind`, `error` and `http.status_code` do not count. */
  readonly maxTags: number;
  /** Log entries a span, 128 by default. */
  readonly maxLogs: number;
  /** Links a span by OpenTelemetry's API, 128 by default. */
  readonly maxLinks: number;
  /** Attributes of one event by OpenTelemetry's API, 128 by default. */
  readonly maxFields: number;
  /** Attributes of one link by OpenTelemetry's API, 128 by default. */
  readonly maxLinkFields: number;
  /** Characters in a text value of a tag or log field, in the texts of an array, and in an error's message and stack, causes included; 8192 by default. */
  readonly maxValueLength: number;
}

export const DEFAULT_LIMITS: SpanLimits = {
  maxTags: 128,
  maxLogs: 128,
  maxLinks: 128,
  maxFields: 128,
  maxLinkFields: 128,
  maxValueLength: 8192,
};

/** Completes and checks limits. Throws on anything but whole numbers of 0 or more. */
export function checkedLimits(limits: Partial<SpanLimits> = {}): SpanLimits {
  checkOptions("limits", limits, {
    maxTags: isCount,
    maxLogs: isCount,
    maxLinks: isCount,
    maxFields: isCount,
    maxLinkFields: isCount,
    maxValueLength: isCount,
  });
  return {
    maxTags: limits.maxTags ?? DEFAULT_LIMITS.maxTags,
    maxLogs: limits.maxLogs ?? DEFAULT_LIMITS.maxLogs,
    maxLinks: limits.maxLinks ?? DEFAULT_LIMITS.maxLinks,
    maxFields: limits.maxFields ?? DEFAULT_LIMITS.maxFields,
    maxLinkFields: limits.maxLinkFields ?? DEFAULT_LIMITS.maxLinkFields,
    maxValueLength: limits.maxValueLength ?? DEFAULT_LIMITS.maxValueLength,
  };
}

/** A tag or log value, with `maxLength` characters where it is a longer text. Of an array with such texts a copy. */
export function limitedValue(value: unknown, maxLength: number): unknown {
  if (typeof value === "string") return value.length <= maxLength ? value : cut(value, maxLength);
  return typeof value === "object" && value !== null ? limitedList(value, maxLength) : value;
}

/** By itself: the closures make V8 allocate a context for each call of the function that they are in. */
function limitedList(value: object, maxLength: number): unknown {
  try {
    if (!Array.isArray(value) || !value.some((one) => isLong(one, maxLength))) return value;
    return value.map((one) => (isLong(one, maxLength) ? cut(one, maxLength) : one));
  } catch {
    return value; // a proxy that refuses: whoever reads it counts that
  }
}

/**
 * For the fields of a log: sets the message and the stack of an error in it, cut, where they are too long. What the fields say comes before what
 * the error does.
 */
export function limitError(fields: Record<string, unknown>, maxLength: number): void {
  const error = fields["error.object"];
  if (typeof error !== "object" || error === null) return;
  try {
    const { message } = error as Error;
    if (isLong(message, maxLength)) fields["message"] ??= cut(message, maxLength);
    const stack = errorStack(error);
    if (isLong(stack, maxLength)) fields["stack"] ??= cut(stack, maxLength);
  } catch {
    // Getters that throw: whoever reads the error counts that.
  }
}

function isLong(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length > maxLength;
}

function cut(text: string, maxLength: number): string {
  count("span.values_truncated");
  return text.slice(0, maxLength);
}
