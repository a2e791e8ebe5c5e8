// Writes docs/performance.md and what belongs to it.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../places.ts";
import { type Results, writeResults } from "../results.ts";
import { makePage } from "./page.ts";

const folder = join(root, "docs", "performance");

/** Where the results are that the page is made of. */
export const pageResults: string = join(folder, "results.json");

export function writePage(results: Results): void {
  const { markdown, plots } = makePage(results);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, "docs", "performance.md"), markdown);
  for (const [name, svg] of plots) writeFileSync(join(folder, `${name}.svg`), svg);
  writeResults(pageResults, results);
}
