// Puts the tables of a run into docs/interop.md, each in place of its part's former one.

import { readFileSync, writeFileSync } from "node:fs";
import { type PartResult, passed } from "./run-part.js";
import { section } from "./table.js";

const PAGE = "docs/interop.md";

/** Writes the sections of the parts that have passed: the page shows no other. */
export function writePage(results: readonly PartResult[]): void {
  const today = new Date().toISOString().slice(0, 10);
  const written = results
    .filter(passed)
    .reduce((page, result) => withSection(page, result, today), readFileSync(PAGE, "utf8"));
  writeFileSync(PAGE, written);
}

/** The page with this part's section between its markers, or at its end where it has none yet. */
export function withSection(page: string, result: PartResult, day: string): string {
  const [begin, end] = [`<!-- begin ${result.part} -->`, `<!-- end ${result.part} -->`];
  const run = `Printed on ${day} by \`npm run interop -- ${result.part}\`, ours on Node ${process.versions.node}.`;
  const [heading, ...blocks] = section(result).split("\n\n");
  const generated = [begin, heading, run, ...blocks, end].join("\n\n");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${generated}\n`;
  return page.slice(0, from) + generated + page.slice(to + end.length);
}
