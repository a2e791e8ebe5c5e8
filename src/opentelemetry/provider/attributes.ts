// Attributes of OpenTelemetry's API, within the limits of a span.

import type { Attributes } from "@opentelemetry/api";
import { count } from "../../diagnostics.ts";
import { setOwn } from "../../set-own.ts";
import { limitedValue } from "../../tracer/limits.ts";

/** Whether the API's specification lets this be an attribute: a name that is not empty, and a value. */
export function isAttribute(name: unknown, value: unknown): name is string {
  return typeof name === "string" && name !== "" && value !== undefined && value !== null;
}

/** A value with long texts cut, in arrays too. An array is copied: its owner may change it. */
export function limitedAttribute(value: unknown, maxLength: number): unknown {
  return Array.isArray(value) ? value.map((one) => limitedValue(one, maxLength)) : limitedValue(value, maxLength);
}

/** Attributes of an event or a link: those that are kept, and how many are not. */
export interface KeptAttributes {
  readonly kept: Readonly<Record<string, unknown>>;
  readonly dropped: number;
}

/** The first of them, so many. What is dropped is counted `span.tags_dropped`. */
export function keptAttributes(
  attributes: Attributes | undefined,
  most: number,
  maxValueLength: number,
): KeptAttributes {
  const kept: Record<string, unknown> = {};
  let size = 0;
  let dropped = 0;
  for (const name in attributes) {
    const value = attributes[name];
    if (!isAttribute(name, value)) continue;
    if (size === most) {
      dropped++;
    } else {
      size++;
      setOwn(kept, name, limitedAttribute(value, maxValueLength));
    }
  }
  if (dropped > 0) count("span.tags_dropped", dropped);
  return { kept, dropped };
}
