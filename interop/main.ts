// npm run interop: our services in one trace with the real systems of parts/, as a table. The exit code is 1 where anything fails.

import { readdirSync } from "node:fs";
import { endCleanly } from "./clean-end.js";
import { neutralizeEnvironment } from "./neutral-environment.js";
import { writePage } from "./page.js";
import type { Part } from "./part.js";
import { runParts } from "./run-parts.js";

endCleanly();
neutralizeEnvironment();

process.exit(await runParts(await allParts(), process.argv.slice(2), console.log, writePage));

/** Every file of `parts/` exports one as `part`. */
async function allParts(): Promise<Part[]> {
  // By their sources, for the compiler leaves outputs of deleted ones behind.
  const files = readdirSync("interop/parts").map((name) => name.replace(/\.ts$/, ".js"));
  const modules = await Promise.all(files.sort().map((name) => import(`./parts/${name}`) as Promise<{ part: Part }>));
  return modules.map(({ part }) => part);
}
