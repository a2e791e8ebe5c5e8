// Installs what a file of `interop/python/` lists, into a virtual environment in the cache.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { downloading, made } from "./cache.js";
import { runCommand } from "./child.js";
import type { Stage } from "./part.js";

const PYTHON = "python3";

/** The Python that has the packages of `interop/python/requirements-<name>.txt`. */
export async function pythonWith(stage: Stage, name: string): Promise<string> {
  const version = await runCommand(PYTHON, ["--version"]);
  const lists = ["build", name].map((list) => join("interop", "python", `requirements-${list}.txt`));
  const contents = lists.map((list) => readFileSync(list, "utf8"));
  const folder = await made(stage.cache(`python-${name}`), [version, ...contents], async (unfinished) => {
    await runCommand(PYTHON, ["-m", "venv", unfinished]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    for (const list of lists) {
      await downloading(`the packages of ${list}`, () =>
        runCommand(pythonOf(unfinished), [...install, "--no-build-isolation", "-r", list]),
      );
    }
  });
  return pythonOf(folder);
}

function pythonOf(folder: string): string {
  return join(folder, "bin", "python");
}
