// How back ends are built from Go's modules.

import { join } from "node:path";
import { downloading, made } from "../cache.js";
import { runCommand } from "../child.js";
import type { Stage } from "../part.js";

/** Two packages at a time: each takes a processor, and memory. */
export const GO_ENV: Readonly<Record<string, string>> = { GOFLAGS: "-p=2 -buildvcs=false" };

/** Milliseconds for one build: Jaeger's took 3 minutes on two idle processors, 24 on two that were busy. */
export const BUILD_LIMIT = 3_000_000;
/** Milliseconds for a part that builds. */
export const PART_LIMIT = 2 * BUILD_LIMIT;

/** Where the program of a module is, built in this run or a former one. A module of the same version is always built of the same code. */
export async function buildGoProgram(stage: Stage, name: string, program: string, version: string): Promise<string> {
  const folder = await made(stage.cache(name), [program, version], async (folder) => {
    const go = (...args: string[]): Promise<string> =>
      runCommand("go", args, { cwd: folder, env: GO_ENV, timeLimit: BUILD_LIMIT });
    // `go install program@version` refuses modules that replace others.
    await go("mod", "init", "interop");
    await downloading(`the modules of ${name}`, () => go("get", "-tool", `${program}@${version}`));
    await go("build", "-o", join(folder, name), program);
  });
  return join(folder, name);
}

/** The version of a module, as Go has written it into a program. */
export async function builtVersion(program: string, module: string): Promise<string> {
  const told = await runCommand("go", ["version", "-m", program]);
  const version = told
    .split("\n")
    .find((line) => line.includes(`\t${module}\t`))
    ?.split("\t")[3];
  if (version === undefined) throw new Error(`${program} is not built of ${module}:\n${told}`);
  return version.replace(/^v/, "");
}
