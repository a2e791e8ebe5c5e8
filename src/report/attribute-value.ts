// What becomes of tag and log values that are neither text, number nor boolean.

import { count } from "../diagnostics.ts";
import { unreadable } from "../text.ts";

/** Characters that the text of an object may have. */
const MAX_TEXT = 8192;
/** Elements of an array that are kept. */
const MAX_ELEMENTS = 128;

/** What encoders can write. `undefined` stands for an attribute that is left out, null for an element without a value. */
export type AttributeValue = string | number | boolean | bigint | readonly (AttributeValue | null)[] | undefined;

/**
 * Arrays stay arrays (of up to 128 elements), big integers stay integers where 64 bits hold them; objects become JSON,
 * bytes base64, errors, symbols and functions text. Null and undefined are left out; within an array both become null. Never throws: a value
 * that cannot be read (circular, a `toJSON` that throws) becomes a short text that says so, and is counted as
 * `report.encode_error`.
 */
export function attributeValue(value: unknown): AttributeValue {
  try {
    return Array.isArray(value) ? arrayOf(value) : scalar(value);
  } catch (error) {
    return unreadable(error); // a proxy: even to ask whether it is an array may throw
  }
}

/** Any value as text, for formats that know nothing else. */
export function valueText(value: unknown): string {
  const scalarValue = scalar(value);
  return scalarValue === undefined ? String(value) : String(scalarValue);
}

function arrayOf(array: readonly unknown[]): AttributeValue {
  if (array.length > MAX_ELEMENTS) count("span.values_truncated");
  // Inside an array there is no leaving out: positions mean something. OpenTelemetry's specification ("Attribute") wants null kept.
  return Array.from(array.slice(0, MAX_ELEMENTS), (element) => scalar(element) ?? null);
}

function scalar(value: unknown): string | number | boolean | bigint | undefined {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    case "bigint":
      return BigInt.asIntN(64, value) === value ? value : String(value);
    case "symbol":
      return String(value);
    case "function":
      return "function";
    case "undefined":
      return undefined;
    default:
      return value === null ? undefined : objectText(value as object);
  }
}

function objectText(value: object): string {
  try {
    if (value instanceof Error) return shortened(String(value));
    if (value instanceof Uint8Array) return shortened(base64(value));
    const text = JSON.stringify(value);
    // What says of itself that it is a text (a Date, a URL) needs no quotes.
    if (text?.startsWith('"')) return shortened(String(JSON.parse(text)));
    return shortened(text ?? String(value));
  } catch (error) {
    return unreadable(error);
  }
}

/** Of as many bytes as can make a text that is cut. */
function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, MAX_TEXT)).toString("base64");
}

function shortened(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  count("span.values_truncated");
  return text.slice(0, MAX_TEXT);
}
