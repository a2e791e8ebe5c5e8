// Checks what users hand us at construction, and says what to write instead.

/** Answers what is expected when the value is wrong, undefined when it is fine. */
export interface Check {
  (value: unknown): string | undefined;
  /** How errors tell a value that was refused: `show` by default. */
  readonly show?: (value: unknown) => string;
}

/** The longest that a timer waits, in milliseconds: of more, `setTimeout` makes 1. */
export const LONGEST_WAIT: number = 2 ** 31 - 1;

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

/** A check for an http or https URL; `example` is what to write instead. */
export function httpUrl(example: string): Check {
  return (value) =>
    isText(value) === undefined && URL.canParse(value as string) && /^https?:$/.test(new URL(value as string).protocol)
      ? undefined
      : `an http or https URL: "${example}"`;
}

/** The same check of a value that may hold a key or a password: errors tell its type, or what `tell` says, which must not hold it either. */
export function secret(check: Check, tell: (value: unknown) => string = typeOf): Check {
  return Object.assign((value: unknown) => check(value), { show: tell });
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
 *
 * @param elsewhere for options of something else that are looked for here, what to write instead
 */
export function checkOptions(
  of: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${of}: the options must be an object, not ${typeOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      const hint = Object.hasOwn(elsewhere, name) ? elsewhere[name] : suggestion(name, Object.keys(checks));
      throw new TypeError(`${of}: there is no option "${name}"; ${hint}`);
    }
    if (value === undefined) continue;
    const expected = check(value);
    if (expected !== undefined) {
      throw new TypeError(`${of}: ${name} must be ${expected}, not ${refused(check, value)}`);
    }
  }
}

/** What a check has refused, for an error message. */
export function refused(check: Check, value: unknown): string {
  return (check.show ?? show)(value);
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

/** The type of a value, for an error message that must not hold the value. */
export function typeOf(value: unknown): string {
  if (typeof value === "string") return "a text";
  return typeof value === "object" || typeof value === "function" || value === undefined
    ? word(value)
    : `a ${typeof value}`;
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean "${near}"?`;
  return names.length === 0 ? "there is none" : `there are ${names.join(", ")}`;
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
