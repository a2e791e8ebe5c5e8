// Express 5 up to 5.2 keeps of a mount path only functions that match: finds out what they match by asking them.

type Params = Readonly<Record<string, unknown>>;
type Matcher = (path: string) => false | { readonly params: Params };

/** Stands where a parameter may be: if the path still matches and the parameter says this, it was there. */
const PROBE = "t9r5c2";
/** The patterns that one layer is known to match: more than one only where parts of it are optional, or it has several. */
const MAX_PATTERNS = 20;
/** Longer paths are not looked into: a pattern of them will be found in a shorter one. */
const MAX_LENGTH = 500;

/**
 * Tells the pattern from a path that it matches: `/orgs/7` matches with `{ org: "7" }`, and `/orgs/PROBE` with
 * `{ org: PROBE }`, so it is `/orgs/:org`. What is no parameter is written as the first request wrote it.
 *
 * Undefined for a regular expression, which says by no parameter what of the path it took for granted.
 */
export function probed(matchers: readonly Matcher[]): (path: string) => string | undefined {
  const found = new Map<string, string>();
  return function patternOf(path) {
    for (let i = 0; i < matchers.length; i++) {
      const matcher = matchers[i]!;
      const match = matcher(path);
      if (match === false) continue;
      if (matcher.name === "regexpMatcher") return undefined;
      const key = `${i} ${shapeOf(path, match.params)}`;
      let pattern = found.get(key);
      if (pattern === undefined) {
        pattern = probe(matcher, path, match.params);
        if (pattern !== undefined && found.size < MAX_PATTERNS) found.set(key, pattern);
      }
      return pattern;
    }
    return undefined;
  };
}

/** The same for all paths that one pattern matches with the same of its optional parts. */
function shapeOf(path: string, params: Params): string {
  let shape = "";
  let segments = path.split("/").length;
  for (const name of Object.keys(params)) {
    shape += `:${name}`;
    if (Array.isArray(params[name])) segments -= params[name].length;
  }
  return `${segments}${shape}`;
}

function probe(matcher: Matcher, path: string, params: Params): string | undefined {
  if (path.length > MAX_LENGTH) return undefined;
  let pattern = "";
  let rest = path;
  for (const name of Object.keys(params)) {
    const value = params[name];
    const isWildcard = Array.isArray(value);
    const at = positionOf(matcher, path, path.length - rest.length, name, value);
    if (at === undefined) return undefined;
    pattern += `${path.slice(path.length - rest.length, at.start)}${isWildcard ? "*" : ":"}${name}`;
    rest = path.slice(at.end);
  }
  return pattern + rest;
}

/** Where in the path, from `from` on, the parameter's value stands. */
function positionOf(
  matcher: Matcher,
  path: string,
  from: number,
  name: string,
  value: unknown,
): { start: number; end: number } | undefined {
  const values = (Array.isArray(value) ? value : [value]).map(String);
  for (const raw of new Set([values.join("/"), values.map(encodeURIComponent).join("/")])) {
    for (let start = path.indexOf(raw, from); start >= 0; start = path.indexOf(raw, start + 1)) {
      const end = start + raw.length;
      const match = matcher(path.slice(0, start) + PROBE + path.slice(end));
      if (match !== false && String(match.params[name]) === PROBE) return { start, end };
    }
  }
  return undefined;
}
