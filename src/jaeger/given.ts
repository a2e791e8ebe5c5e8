// What of a configuration is given.

import { isObject } from "../settings.ts";

/**
 * The same without what is undefined or null: to jaeger-client null is as good as nothing. What is no object stays, for the
 * checks to refuse.
 */
export function given<T>(values: T): T {
  if (isObject(values) !== undefined) return values;
  const entries = Object.entries(values as object).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as T;
}
