// npm run interop: runs the parts, prints the table of what came of them, and ends with 1 where anything failed.

import { readdirSync } from "node:fs";
import { killChildren } from "./child.js";
import { writePage } from "./page.js";
import type { Part } from "./part.js";
import { type PartResult, passed, runPart } from "./run-parts.js";
import { section, summary } from "./table.js";

const USAGE = "npm run interop -- [--light] [--write] [part ...]";

process.on("exit", killChildren);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("--"));
const names = args.filter((arg) => !arg.startsWith("--"));
const parts = await allParts();
const unknown = [
  ...flags.filter((flag) => flag !== "--light" && flag !== "--write"),
  ...names.filter((name) => !parts.some((part) => part.name === name)),
];
if (unknown.length > 0) {
  console.error(`${USAGE}\nunknown: ${unknown.join(", ")}; the parts are: ${parts.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const chosen = parts
  .filter(({ name }) => names.length === 0 || names.includes(name))
  .filter(({ light }) => light || !flags.includes("--light"));
const results: PartResult[] = [];
for (const part of chosen) results.push(await runPart(part, console.log));

console.log(`\n${results.map(section).join("\n\n")}\n\n${summary(results)}`);
if (flags.includes("--write")) writePage(results);
process.exit(results.length > 0 && results.every(passed) ? 0 : 1);

/** Every file of `parts/` exports one as `part`. */
async function allParts(): Promise<Part[]> {
  // By their sources, for the compiler leaves outputs of deleted ones behind.
  const files = readdirSync("interop/parts").map((name) => name.replace(/\.ts$/, ".js"));
  const modules = await Promise.all(files.sort().map((name) => import(`./parts/${name}`) as Promise<{ part: Part }>));
  return modules.map(({ part }) => part);
}
