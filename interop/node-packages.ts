// Installs what a folder of `interop/node/` locks, into the cache.

import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { downloading, made } from "./cache.js";
import { runCommand } from "./child.js";
import type { Stage } from "./part.js";

/** The folder in the cache that has the packages of `interop/node/<name>`. */
export async function packagesOf(stage: Stage, name: string): Promise<string> {
  const source = join("interop", "node", name);
  const files = ["package.json", "package-lock.json", ".npmrc"];
  const contents = files.map((file) => readFileSync(join(source, file), "utf8"));
  const platform = `${process.platform} ${process.arch}`;
  return made(stage.cache(`node-${name}`), [platform, ...contents], async (folder) => {
    for (const file of files) copyFileSync(join(source, file), join(folder, file));
    await downloading(`the packages of ${name}`, () => npm(folder));
  });
}

/** The binary of Node 24, which npm's package `node` brings: for peers that need a newer one than ours may run on. */
export async function node24(stage: Stage): Promise<string> {
  return join(await packagesOf(stage, "node-24"), "node_modules", "node", "bin", "node");
}

/** With install scripts: npm's `node` puts its binary in place by one. */
async function npm(cwd: string): Promise<void> {
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const started = process.env["npm_execpath"];
  if (started?.endsWith(".js")) await runCommand(process.execPath, [started, ...args], { cwd });
  else await runCommand("npm", args, { cwd });
}
