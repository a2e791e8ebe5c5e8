// Reading and writing single headers of a carrier, whatever object a caller uses as one.

import { count } from "../diagnostics.ts";
import { trimBlanks } from "./characters.ts";
import type { TextCarrier } from "./propagator.ts";

/** What `Headers` and `Map` have in common; `append` has the former alone. */
interface Accessors {
  get?: unknown;
  set?: unknown;
  entries?: unknown;
  append?: unknown;
}

/** The carrier that several formats read, and its names once one of them has asked for a header that is not there. */
let current: TextCarrier | undefined;
let currentNames: string[] | undefined;

/**
 * From now on, and until `endReading`, headers of this carrier are read and none is written: its names are gone through
 * once. With some 20 headers V8 takes 2 µs for it each time, and most headers that formats ask for are not there.
 */
export function beginReading(carrier: TextCarrier): void {
  current = carrier;
  currentNames = undefined;
}

export function endReading(): void {
  current = undefined;
  currentNames = undefined;
}

/** Of which carrier all names are in lower case. */
let lowerCase: object | undefined;

/**
 * Says that the names of this carrier are in lower case, as Node gives headers, until it is said of another or of none: a header that is
 * not there is looked for once then. To go through the 20 names that browsers send takes V8 0.6 to 0.9 µs, for each format.
 */
export function namesAreLowerCase(carrier: object | undefined): void {
  lowerCase = carrier;
}

/**
 * The header `name`, which must be lower case: looked up as it is, then among names of another case, then with the
 * carrier's own `get` (a `Headers` object or a `Map`), then among a `Map`'s names of another case. Several values of one header are joined by ", ", as Node does.
 * Undefined where there is none, or none of text. Never throws: what a carrier throws is counted `propagation.carrier`.
 */
export function readHeader(carrier: TextCarrier, name: string): string | undefined {
  try {
    const value: unknown = carrier[name] ?? readOtherwise(carrier, name);
    return typeof value === "string" || value === undefined ? value : joined(value);
  } catch (error) {
    count("propagation.carrier", 1, "a carrier threw while it was read", error);
    return undefined;
  }
}

/** The same without blanks around it, and undefined where nothing else is left. */
export function readText(carrier: TextCarrier, name: string): string | undefined {
  const value = readHeader(carrier, name);
  return value === undefined ? undefined : trimBlanks(value) || undefined;
}

/**
 * All headers whose names begin with `prefix`, which must be lower case: the rest of a name, as it stands there, then its
 * value, and so on. Undefined where there is none. Never throws, as `readHeader`.
 */
export function readPrefixed(carrier: TextCarrier, prefix: string): string[] | undefined {
  let found: string[] | undefined;
  try {
    const { get, entries } = carrier as Accessors;
    if (typeof get === "function" && typeof entries === "function") {
      for (const [key, value] of entries.call(carrier) as Iterable<[unknown, unknown]>) {
        if (typeof key === "string" && hasPrefix(key, prefix)) found = added(found, key.slice(prefix.length), value);
      }
    } else {
      for (const key of namesOf(carrier)) {
        if (hasPrefix(key, prefix)) found = added(found, key.slice(prefix.length), carrier[key]);
      }
    }
  } catch (error) {
    count("propagation.carrier", 1, "a carrier threw while it was read", error);
  }
  return found;
}

/** Sets the header `name`. Never throws: a carrier that cannot be written to is counted `propagation.carrier`. */
export function writeHeader(carrier: TextCarrier, name: string, value: string): void {
  try {
    const { set } = carrier as Accessors;
    if (typeof set === "function") set.call(carrier, name, value);
    else carrier[name] = value;
  } catch (error) {
    count("propagation.carrier", 1, "a carrier threw while it was written to", error);
  }
}

function readOtherwise(carrier: TextCarrier, name: string): unknown {
  if (carrier === lowerCase) return undefined;
  if (carrier === current) {
    for (const key of namesOf(carrier)) if (isNamed(key, name) && carrier[key] != null) return carrier[key];
  } else {
    for (const key in carrier) if (isNamed(key, name) && carrier[key] != null) return carrier[key];
  }
  const { get } = carrier as Accessors;
  if (typeof get !== "function") return undefined;
  const value: unknown = get.call(carrier, name) ?? undefined;
  return value === undefined ? readEntries(carrier, name) : value;
}

function readEntries(carrier: TextCarrier, name: string): unknown {
  const { entries, append } = carrier as Accessors;
  // Headers, which have `append`, have looked in any case.
  if (typeof entries !== "function" || typeof append === "function") return undefined;
  for (const [key, other] of entries.call(carrier) as Iterable<[unknown, unknown]>) {
    if (typeof key === "string" && isNamed(key, name) && other != null) return other;
  }
  return undefined;
}

/** Most absent headers are told by the length of the others' names alone. */
function isNamed(key: string, name: string): boolean {
  return key.length === name.length && key.toLowerCase() === name;
}

/** The names of all properties, inherited ones too. */
function namesOf(carrier: TextCarrier): readonly string[] {
  if (carrier === current && currentNames !== undefined) return currentNames;
  const names: string[] = [];
  for (const name in carrier) names.push(name);
  if (carrier === current) currentNames = names;
  return names;
}

/** Most names are told apart by their first character alone, without regard to its case. */
function hasPrefix(key: string, prefix: string): boolean {
  return (
    (key.charCodeAt(0) | 0x20) === (prefix.charCodeAt(0) | 0x20) &&
    key.length > prefix.length &&
    key.slice(0, prefix.length).toLowerCase() === prefix
  );
}

function added(to: string[] | undefined, name: string, value: unknown): string[] | undefined {
  const text = typeof value === "string" || value == null ? value : joined(value);
  if (text == null) return to;
  if (to === undefined) return [name, text];
  to.push(name, text);
  return to;
}

/** The texts of a list, one after the other; counts what is neither text nor such a list. */
function joined(values: unknown): string | undefined {
  let text: string | undefined;
  const length = Array.isArray(values) ? values.length : -1;
  for (let i = 0; i < length; i++) {
    const value: unknown = (values as unknown[])[i];
    if (typeof value !== "string") return invalid();
    text = text === undefined ? value : `${text}, ${value}`;
  }
  return length < 0 ? invalid() : text;
}

function invalid(): undefined {
  count("propagation.invalid");
  return undefined;
}
