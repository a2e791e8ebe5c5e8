// From the values of OpenTracing's tags and logs to those that OpenTelemetry's attributes may have.

import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { attributeValue } from "../report/attribute-value.ts";
import { setOwn } from "../set-own.ts";

/**
 * Text, numbers and booleans as they are, and arrays of one of them and null; anything else as text, as the compatibility page wants
 * it ("Set Tag"). Undefined for what is left out: null and undefined. Never throws.
 */
export function attributeOf(value: unknown): AttributeValue | undefined {
  const known = attributeValue(value);
  if (typeof known === "bigint") return String(known);
  if (typeof known !== "object") return known;
  const values = known.filter((element) => element !== null);
  const type = typeof values[0];
  const isUniform = type !== "bigint" && values.every((element) => typeof element === type);
  return (isUniform ? known : known.map((element) => (element === null ? null : String(element)))) as AttributeValue;
}

/** Sets an attribute, unless its value is left out. */
export function putAttribute(attributes: Attributes, name: string, value: unknown): void {
  const attribute = attributeOf(value);
  if (attribute !== undefined) setOwn(attributes, name, attribute);
}
