// npm run bench: runs the parts that were asked for on each Node, collects the results, and writes the page.

import { existsSync } from "node:fs";
import { keepAwakeUnlessSlower } from "./awake.ts";
import { runFootprint } from "./footprint/footprint.ts";
import { runInstructions } from "./instructions/instructions.ts";
import { runLadder } from "./ladder.ts";
import { runMicro } from "./micro/micro.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { pageResults, writePage } from "./page/write.ts";
import { hasOwnNetwork, moveToOwnNetwork } from "./quiet.ts";
import { versionOf } from "./release.ts";
import { machine, readResults, writeResults } from "./results.ts";
import { versions } from "./versions.ts";

const [binaries = "", ...args] = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
try {
  await run(readOptions(args));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function run(options: Options): Promise<void> {
  if (options.page) {
    const file = options.json ?? pageResults;
    if (!existsSync(file)) throw new Error(`--page makes the page from results, and there is no ${file}`);
    writePage(readResults(file));
    return;
  }
  await moveToOwnNetwork();
  const results = readResults(options.json);
  const cores = `idle cores ${(await keepAwakeUnlessSlower(binaries.split(",")[0]!)) ? "kept awake" : "halted"}`;
  results.machine = `${machine()}, ${cores}, ${hasOwnNetwork() ? "a network of its own" : "the machine's network"}`;
  if (options.note !== undefined) results.note = options.note;
  const save = (): void => {
    if (options.json !== undefined) writeResults(options.json, results);
  };
  save(); // a file that cannot be written is told before anything is measured
  for (const node of binaries.split(",")) {
    Object.assign(results.versions, versions(versionOf(node)));
    if (options.parts.includes("ladder")) await runLadder(options, node, results, save);
    if (options.parts.includes("micro")) await runMicro(options, node, results, save);
    if (options.parts.includes("footprint")) await runFootprint(options, node, results, save);
    if (options.parts.includes("instructions")) await runInstructions(options, node, results, save);
  }
  save();
}
