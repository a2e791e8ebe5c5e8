// Releases of Node.

import { spawnSync } from "node:child_process";

/** The version of a binary: "v20.20.2". */
export function versionOf(node: string): string {
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
}

/** "20" of "v20.20.2", and of "20.20.2". */
export function majorOf(version: string): string {
  return version.replace("v", "").split(".")[0]!;
}
