// The command line of the interop run: which parts, one after another, and the exit code.

import type { Part } from "./part.js";
import { type PartResult, passed, runPart } from "./run-part.js";
import { section, summary } from "./table.js";

const USAGE = "npm run interop -- [--light] [--write] [part ...]";

/**
 * Runs the parts that `args` name, all of them by default, and prints what came of each and the tables. With `--light` those
 * alone that need npm and PyPI; with `--write` hands the results to `write`.
 *
 * @returns the exit code: 0 where all has passed, 1 where anything has failed or nothing was run, 2 for wrong arguments
 */
export async function runParts(
  parts: readonly Part[],
  args: readonly string[],
  print: (text: string) => void,
  write: (results: readonly PartResult[]) => void,
): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const names = args.filter((arg) => !arg.startsWith("--"));
  const unknown = [
    ...flags.filter((flag) => flag !== "--light" && flag !== "--write"),
    ...names.filter((name) => !parts.some((part) => part.name === name)),
  ];
  if (unknown.length > 0) {
    print(`${USAGE}\nunknown: ${unknown.join(", ")}; the parts are: ${parts.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const isLight = flags.includes("--light");
  const heavy = parts.filter(({ name, light }) => isLight && !light && names.includes(name));
  if (heavy.length > 0) {
    print(`${USAGE}\nnot light: ${heavy.map(({ name }) => name).join(", ")}; run it without --light`);
    return 2;
  }
  const results: PartResult[] = [];
  for (const part of parts) {
    const isChosen = names.length === 0 ? part.light || !isLight : names.includes(part.name);
    if (isChosen) results.push(await runPart(part, print));
  }
  print(`\n${results.map(section).join("\n\n")}\n\n${summary(results)}`);
  const failed = results.filter((result) => !passed(result)).map(({ part }) => part);
  if (flags.includes("--write")) write(results);
  if (flags.includes("--write") && failed.length > 0) print(`not written, for it failed: ${failed.join(", ")}`);
  return results.length > 0 && failed.length === 0 ? 0 : 1;
}
