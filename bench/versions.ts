// The versions of what was compared.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { peerFolder, root } from "./places.ts";
import { majorOf } from "./release.ts";
import type { Occasion } from "./results.ts";
import { VARIANTS } from "./variants/variant.ts";

const FRAMEWORKS = ["express", "fastify", "koa", "@koa/router", "hono", "@hono/node-server"];

/** By what the page calls them. @param node the version of Node that runs them */
export function versions(node: string): Record<string, string> {
  const found: Record<string, string> = { "node-opentracing": versionIn(root) };
  for (const name of FRAMEWORKS) found[name] = versionIn(join(root, "bench", "node_modules", name));
  for (const { peer } of Object.values(VARIANTS)) {
    if (peer === undefined) continue;
    const [folder, name] = peer;
    found[`${name} on Node ${majorOf(node)}`] = versionIn(join(peerFolder(folder, node), "node_modules", name));
  }
  return found;
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

/** What is measured, and by what. */
const MEASURED = ["src", "bench", "scripts", "package.json", "package-lock.json"];

/** The commit of this checkout, with a plus where what is measured has been changed since; undefined outside a repository. */
function measuredCommit(): string | undefined {
  const git = (...args: string[]): string => spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout ?? "";
  const commit = git("rev-parse", "--short", "HEAD").trim();
  if (commit === "") return undefined;
  return git("status", "--porcelain", "--untracked-files=no", "--", ...MEASURED) === "" ? commit : `${commit}+`;
}

/** Asked once, when what is measured has just been compiled: it may be changed while it is measured. */
export const occasion: Occasion = { recorded: new Date().toISOString().slice(0, 10), commit: measuredCommit() };
