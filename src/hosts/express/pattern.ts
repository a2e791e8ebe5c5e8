// The pattern by which a layer of an Express router matched, read from what each version of Express keeps of it.

import { probed } from "./probe.ts";
import { type PathTest, testsOf, textOf } from "./regexp.ts";

/** What we know of a layer, which is a path of a router and what runs there. Express 4's and 5's alike. */
export interface Layer {
  readonly handle: { readonly name: string; readonly length: number };
  readonly name?: unknown;
  /** Where the layer is a route, and not mounted with `use`. */
  readonly route?: { readonly path?: unknown } | undefined;
  /** Express 5: whether it is mounted at "/", where every path matches. */
  readonly slash?: unknown;
  /** Express 5.3. */
  readonly rawPath?: unknown;
  /** Express 5: a function for each of its paths. */
  readonly matchers?: unknown;
  /** Express 4. */
  readonly regexp?: unknown;
  readonly keys?: unknown;
  [PATTERN]?: Pattern;
}

/** The same for every path, or told by the path: undefined where it is not known. */
export type Pattern = string | ((path: string) => string | undefined);
type Matcher = (path: string) => false | { readonly params: Readonly<Record<string, unknown>> };

const PATTERN: unique symbol = Symbol("node-opentracing.pattern");

/**
 * The pattern of a layer: `/orgs/:org`, and `""` at "/". A regular expression is its own text. A function where it takes the
 * path to tell: what a mounted layer matched of it, all that is left of it for a route.
 */
export function patternOf(layer: Layer): Pattern {
  const known = layer[PATTERN];
  if (known !== undefined) return known;
  const pattern = read(layer);
  Reflect.set(layer, PATTERN, pattern); // a layer that is frozen keeps nothing
  return pattern;
}

function read(layer: Layer): Pattern {
  const { regexp, matchers } = layer;
  const expression = regexp instanceof RegExp ? (regexp as RegExp & { fast_slash?: boolean }) : undefined;
  if (layer.slash === true || expression?.fast_slash === true) return "";

  const isMounted = layer.route === undefined;
  const path = isMounted ? layer.rawPath : layer.route.path;
  if (typeof path === "string" || path instanceof RegExp) return written(path, isMounted);
  if (Array.isArray(path)) {
    const texts = path.flat(Number.POSITIVE_INFINITY).map((one) => written(one, isMounted));
    return oneOf(texts, expression === undefined ? matcherTests(matchers) : testsOf(expression));
  }
  if (expression !== undefined) {
    const texts = textOf(expression, layer.keys);
    return texts.length === 1 ? texts[0]! : oneOf(texts, testsOf(expression));
  }
  return Array.isArray(matchers) ? probed(matchers as readonly Matcher[]) : unknown;
}

function unknown(): undefined {}

/** `/api/` mounts where `/api` does, and what follows begins with a slash of its own. */
function written(path: unknown, isMounted: boolean): string {
  return isMounted && typeof path === "string" ? path.replace(/\/+$/, "") : String(path);
}

function matcherTests(matchers: unknown): PathTest[] {
  return (matchers as readonly Matcher[]).map((matcher) => (path) => matcher(path) !== false);
}

/** Of several paths the first that matches counts, as for Express. */
function oneOf(texts: readonly string[], tests: readonly PathTest[]): Pattern {
  if (texts.length !== tests.length) return texts.join("|");
  return (path) => texts[tests.findIndex((test) => test(path))];
}
