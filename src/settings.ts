// Checks what users hand us at construction, and says what to write instead.

/** Answers what is expected when the value is wrong, undefined when it is fine. */
export interface Check {
  (value: unknown): string | undefined;
  /** Whether the value may hold a key or a password, so that errors tell its type alone. */
  readonly isSecret?: boolean;
}

export const isBoolean: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");
export const isFunction: Check = (value) => (typeof value === "function" ? undefined : "a function");
export const isText: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "a text that is not empty";
export const isCount: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 ? undefined : "a whole number of 0 or more";
export const isTextList: Check = (value) =>
  Array.isArray(value) && value.every((item) => isText(item) === undefined)
    ? undefined
    : 'an array of texts: ["a", "b"]';

export const isObject: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object or an array";

/** A check that the value has these methods. */
export function hasMethods(what: string, ...methods: string[]): Check {
  return (value) =>
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function")
      ? undefined
      : `${what} (an object with the methods ${methods.join(", ")})`;
}

export const isTracer: Check = hasMethods("an OpenTracing tracer", "startSpan", "inject", "extract");

/** The same check of a value that may hold a key or a password. */
export function secret(check: Check): Check {
  return Object.assign((value: unknown) => check(value), { isSecret: true });
}

/** A check that passes where one of several does. */
export function either(...checks: Check[]): Check {
  return (value) => {
    const expected = checks.map((check) => check(value));
    return expected.includes(undefined) ? undefined : expected.join(", or ");
  };
}

/**
 * Throws a TypeError for an option that is not in `checks`, naming the nearest one that is, and for a value that its
 * check refuses. Options that are undefined count as not given.
 */
export function checkOptions(of: string, options: unknown, checks: Readonly<Record<string, Check>>): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${of}: the options must be an object, not ${typeOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      const near = nearest(name, Object.keys(checks));
      const all = Object.keys(checks).join(", ");
      const hint = near !== undefined ? `did you mean "${near}"?` : all === "" ? "there is none" : `there are ${all}`;
      throw new TypeError(`${of}: there is no option "${name}"; ${hint}`);
    }
    if (value === undefined) continue;
    const expected = check(value);
    if (expected !== undefined) {
      throw new TypeError(`${of}: ${name} must be ${expected}, not ${refused(check, value)}`);
    }
  }
}

/** What a check has refused, for an error message: its type alone, where it may hold a secret. */
export function refused(check: Check, value: unknown): string {
  return check.isSecret ? typeOf(value) : show(value);
}

/** A short picture of a value for an error message: primitives, and what else it is by one word. Of an array the first ten. */
export function show(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? `[${value.slice(0, 10).map(word).join(", ")}]` : word(value);
}

function word(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function typeOf(value: unknown): string {
  if (typeof value === "string") return "a text";
  return typeof value === "object" || typeof value === "function" ? word(value) : `a ${typeof value}`;
}

/** The candidate that contains `name`, or differs from it in the fewest letters, if in a third of them at most. */
function nearest(name: string, candidates: readonly string[]): string | undefined {
  const containing = candidates.find((candidate) => candidate.toLowerCase().includes(name.toLowerCase()));
  if (containing !== undefined) return containing;
  let best: string | undefined;
  let fewest = Math.floor(name.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = edits(name.toLowerCase().replaceAll(/[_-]/g, ""), candidate.toLowerCase());
    if (distance < fewest) [best, fewest] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
