// The forms in which OpenTelemetry's API takes a time.

import type { TimeInput } from "@opentelemetry/api";
import { clock, now } from "../../tracer/clock.ts";

/** Whether a value is one of them: `addEvent` takes attributes or a time in the same place. */
export function isTime(value: unknown): value is TimeInput {
  return typeof value === "number" || value instanceof Date || isHighResolution(value);
}

/** In milliseconds, some three years: no process is that old, and no span older than March 1973. */
const LONGEST_UPTIME = 1e11;

/**
 * A time in milliseconds since 1970: from such milliseconds, from `performance.now()` (any smaller number than they can be), from a Date, or from seconds and nanoseconds. Undefined for what is none; NaN for a Date that is invalid.
 */
export function millisecondsOf(time: TimeInput | undefined): number | undefined {
  if (typeof time === "number") return time < LONGEST_UPTIME ? clock.offset(now()) + time : time;
  if (time instanceof Date) return time.getTime();
  return isHighResolution(time) ? time[0] * 1e3 + time[1] / 1e6 : undefined;
}

function isHighResolution(value: unknown): value is [seconds: number, nanoseconds: number] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}
