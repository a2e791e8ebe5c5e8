// The packages of a peer, from the folder PACKAGES, in which the part has installed them.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const folder = process.env.PACKAGES;

/** `require`, as a program in that folder has it. */
export const require = createRequire(join(folder, "package.json"));

/** Names and versions of these packages: `jaeger-client 3.19.0`. */
export function versions(...names) {
  const version = (name) =>
    JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
  return [...names.map((name) => `${name} ${version(name)}`), `Node ${process.versions.node}`].join(", ");
}
