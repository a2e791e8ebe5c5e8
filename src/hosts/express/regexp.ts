// Express 4 keeps of a mount path only the regular expression that it was compiled to: translates that back.

export type PathTest = (path: string) => boolean;

/** What path-to-regexp 0.1 adds at the end of a mount path. */
const END = "\\/?(?=\\/|$)";

/**
 * What it makes of a parameter, of `*` and of an escaped character:
 *
 *     /:id         (?:\/([^/]+?))
 *     .:ext        (?:\.([^/\.]+?))
 *     :a-:b        (?:([^/]+?))-(?:((?:(?!\/|-).)+?))
 *     /:id(\d+)?   (?:\/(\d+))?
 *     /:path*      (?:\/([^/]+?)((?:[/].+?)?))
 *     *            (.*)
 */
const PIECE =
  /\(\?:(\\\/)?(\\\.)?\((\[\^\\?\/[^\]]*\]\+\?|\(\?:\(\?!\\\/[^)]*\)\.\)\+\?|[^()]+)\)(\(\(\?:\[[^\]]*\]\.\+\?\)\?\))?\)|(\(\.\*\))|\\(.)/g;

/** The mount paths in an expression: one, or those of an array. The expression's own text where it is not one of Express. */
export function textOf(expression: RegExp, keys: unknown): string[] {
  const names = (keys as readonly { readonly name: unknown }[]).map(({ name }) => String(name));
  const texts = sourcesOf(expression).map((source) => translated(source, names));
  return names.length > 0 || texts.includes(undefined) ? [String(expression)] : (texts as string[]);
}

/** A test for each path of an expression that was made of an array. */
export function testsOf(expression: RegExp): PathTest[] {
  return sourcesOf(expression).map((source) => {
    const one = new RegExp(source, expression.flags);
    return (path) => one.test(path);
  });
}

/** Takes the parameters' names away from the front of `names`. */
function translated(source: string, names: string[]): string | undefined {
  if (!source.startsWith("^") || !source.endsWith(END)) return undefined;
  const text = source
    .slice(1, -END.length)
    .replace(PIECE, (_piece, slash, dot, capture: string | undefined, star, any, escaped) => {
      if (escaped !== undefined) return escaped;
      const name = names.shift();
      if (any !== undefined) return "*";
      if (star !== undefined) names.shift();
      const isPlain = capture!.startsWith("[^") || capture!.startsWith("(?:(?!");
      return `${slash ? "/" : ""}${dot ? "." : ""}:${name}${isPlain ? "" : `(${capture})`}${star ? "*" : ""}`;
    });
  return text.replaceAll("/(?:", "/(");
}

/** Express joins the expressions of an array by "|": splits where that stands outside of groups and classes. */
function sourcesOf({ source }: RegExp): string[] {
  const sources: string[] = [];
  let depth = 0;
  let isClass = false;
  let start = 0;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    if (character === "\\") i++;
    else if (isClass) isClass = character !== "]";
    else if (character === "[") isClass = true;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "|" && depth === 0) {
      sources.push(source.slice(start, i));
      start = i + 1;
    }
  }
  sources.push(source.slice(start));
  return sources;
}
