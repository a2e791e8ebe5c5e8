// The package as npm packs it, for tests of what users install.

import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** The packed files, relative to the checkout. */
export function packed(): string[] {
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    stdio: "pipe",
  });
  const [{ files }] = JSON.parse(listing.toString()) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Puts the package, OpenTracing and `others`, which the checkout has, into the node_modules of a folder. */
export function installInto(folder: string, others: readonly string[] = []): void {
  const modules = join(folder, "node_modules");
  for (const file of packed()) cpSync(join(root, file), join(modules, "node-opentracing", file));
  for (const name of ["opentracing", ...others]) {
    cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true });
  }
}
