// Installs what a folder of `interop/node/` locks, into the cache.

import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { downloading, made } from "./cache.js";
import { runCommand } from "./child.js";
import type { Stage } from "./part.js";

/** Where the packages of `interop/node/<name>` are, and the Node that is to run them: the locked one, else this process's. */
export async function installed(stage: Stage, name: string): Promise<{ folder: string; node: string }> {
  const source = join("interop", "node", name);
  const files = ["package.json", "package-lock.json", ".npmrc"];
  const contents = files.map((file) => readFileSync(join(source, file), "utf8"));
  const platform = `${process.platform} ${process.arch}`;
  const folder = await made(stage.cache(`node-${name}`), [platform, ...contents], async (unfinished) => {
    for (const file of files) copyFileSync(join(source, file), join(unfinished, file));
    await downloading(`the packages of ${name}`, () => npm(unfinished));
  });
  const binary = join(folder, "node_modules", "node", "bin", "node");
  return { folder, node: existsSync(binary) ? binary : process.execPath };
}

/** With install scripts: npm's `node` puts its binary in place by one. */
async function npm(cwd: string): Promise<void> {
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const started = process.env["npm_execpath"];
  if (started?.endsWith(".js")) await runCommand(process.execPath, [started, ...args], { cwd });
  else await runCommand("npm", args, { cwd });
}
