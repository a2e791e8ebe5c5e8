// What an installation of the package is: the archive as it would be published, installed in an empty folder.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../places.ts";

export interface Size {
  readonly packages: number;
  readonly megabytes: number;
}

/** Of the product. Packs what is built. */
export function installedSize(): Size {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
  const folder = mkdtempSync(join(tmpdir(), "bench-size-"));
  try {
    const npm = (args: string[], cwd: string): string => execFileSync("npm", args, { cwd, encoding: "utf8" });
    const pack = (what: string): string =>
      join(
        folder,
        npm(["pack", what, "--ignore-scripts", "--loglevel=error", `--pack-destination=${folder}`], root).trim(),
      );
    // Dependencies as they are installed here: the benchmark may run where no registry can be reached.
    const archives = ["./", ...Object.keys(dependencies).map((name) => `./node_modules/${name}`)].map(pack);
    writeFileSync(join(folder, "package.json"), "{}");
    npm(["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", ...archives], folder);
    return sizeOf(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of what is installed in a folder: packages, and the bytes of their files. */
export function sizeOf(folder: string): Size {
  let [packages, bytes] = [0, 0];
  for (const entry of readdirSync(join(folder, "node_modules"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === ".package-lock.json") continue;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
    if (entry.name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+$/.test(entry.parentPath)) packages++;
  }
  return { packages, megabytes: bytes / 2 ** 20 };
}
