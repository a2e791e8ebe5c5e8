// Text of whatever JavaScript passes where a text is wanted.

import { count } from "./diagnostics.ts";

/** A name, or a value of baggage. Never throws: what has no text (an object without a prototype) is `unreadable`. */
export function toText(value: unknown): string {
  try {
    return String(value);
  } catch (error) {
    return unreadable(error);
  }
}

/** A property; where its getter throws, `unreadable`. Never throws. */
export function propertyOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return object[name];
  } catch (error) {
    return unreadable(error);
  }
}

/** A text that says that there is none, counted as `report.encode_error`. */
export function unreadable(error: unknown): string {
  count("report.encode_error", 1, "a name or a value cannot be shown", error);
  return "(a value that cannot be shown)";
}
