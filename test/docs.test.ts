// Every `ts` block in README.md and docs/ stands, line by line, in one file that the tests run; every link leads somewhere.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

/** The lines of every file that the tests run, without layout and trailing comments. */
const runFiles = ["test", "examples"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  )
  .filter((name) => name.endsWith(".ts") && !name.endsWith("docs.test.ts") && !name.includes("node_modules"))
  .map((name) => ({ name, lines: significantLines(readFileSync(join(root, name), "utf8")) }));

/** One line a statement, however it was laid out: stripped of comments and white space, joined, cut at `;` `{` `}`. */
function significantLines(text: string): string[] {
  const bare = text
    .split("\n")
    .map((line) => line.replace(/(^|\s)\/\/.*$/, ""))
    .join("\n");
  const imports = [...bare.matchAll(/^import (?:type )?\{([^}]*)\} from ("[^"]+");/gm)].flatMap(([, names, module]) =>
    names!.split(",").map((name) => `import ${name.replace("type ", "").trim()} from ${module}`),
  );
  const code = bare
    .replaceAll(/^import [^;]*;/gm, "")
    .replaceAll(/\s/g, "")
    .replaceAll(/,([)}\]])/g, "$1")
    .split(/(?<=[;{}])/);
  return [...imports.sort(), ...code].filter((line) => line !== "" && !line.startsWith("import  from"));
}

/** Whether all of `part` is in `whole`: imports in any order, code in this one, with other lines in between or not. */
function isIn(part: readonly string[], whole: readonly string[]): boolean {
  const isImport = (line: string): boolean => line.startsWith("import ");
  if (!part.filter(isImport).every((line) => whole.includes(line))) return false;
  const code = part.filter((line) => !isImport(line));
  let at = 0;
  for (const line of whole) if (line === code[at]) at++;
  return at === code.length;
}

for (const page of pages) {
  const text = readFileSync(join(root, page), "utf8");

  for (const [, block] of text.matchAll(/^```ts\n(.*?)^```/gms)) {
    const lines = significantLines(block!);
    test(`${page}: "${block!.trim().split("\n")[0]}" is run by a test`, () => {
      assert.ok(
        runFiles.some((file) => isIn(lines, file.lines)),
        `these lines of ${page} are in no file of test/ or examples/:\n${block}`,
      );
    });
  }

  for (const [, target] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue;
    test(`${page}: the link to ${target} leads somewhere`, () => {
      assert.ok(existsSync(join(root, dirname(page), target!)), target);
    });
  }
}

test("docs/diagnostics.md has a line for every counter", () => {
  const source = readFileSync(join(root, "src/diagnostics.ts"), "utf8");
  const names = [...source.matchAll(/^ {2}\| "([a-z_.]+)"/gm)].map((match) => match[1]!);
  assert.ok(names.length > 20);
  const page = readFileSync(join(root, "docs/diagnostics.md"), "utf8");
  for (const name of names) assert.ok(page.includes(`| \`${name}\` `), name);
});
