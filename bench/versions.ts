// The versions of what was compared.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { peerFolder, root } from "./places.ts";
import { VARIANTS } from "./variants/variant.ts";

const FRAMEWORKS = ["express", "fastify", "koa", "@koa/router", "hono", "@hono/node-server"];

/** By what the page calls them. @param node the version of Node that runs them */
export function versions(node: string): Record<string, string> {
  const found: Record<string, string> = { "node-opentracing": versionIn(root) };
  for (const name of FRAMEWORKS) found[name] = versionIn(join(root, "bench", "node_modules", name));
  for (const { peer } of Object.values(VARIANTS)) {
    if (peer === undefined) continue;
    const [folder, name] = peer;
    found[`${name} on Node ${node.replace("v", "").split(".")[0]}`] = versionIn(
      join(peerFolder(folder, node), "node_modules", name),
    );
  }
  return found;
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}
