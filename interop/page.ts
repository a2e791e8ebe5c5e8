// Puts the tables of a run into docs/interop.md, each in place of its part's former one.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PartResult, passed } from "./run-parts.js";
import { section } from "./table.js";

const page = join(process.cwd(), "docs", "interop.md");

/** Writes the sections of these parts. What has failed is not written: the page shows what passed. */
export function writePage(results: readonly PartResult[]): void {
  const text = results.filter(passed).reduce(withSection, readFileSync(page, "utf8"));
  writeFileSync(page, text);
}

/** The page with this part's section, between its markers; at the end where it has none. */
export function withSection(text: string, result: PartResult): string {
  const [begin, end] = [`<!-- generated: ${result.part} -->`, `<!-- end: ${result.part} -->`];
  const written = `${begin}\n\n${section(result)}\n\nRun on Node ${process.versions.node}, ${today()}.\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < 0) return `${text.trimEnd()}\n\n${written}\n`;
  return text.slice(0, from) + written + text.slice(to + end.length);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
