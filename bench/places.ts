// Where things are: the benchmark runs compiled, from .build/bench, and its packages are installed under bench/.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { majorOf } from "./release.ts";

/** The checkout. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** The compiled program of that name: `"server"`. */
export function program(name: string): string {
  return join(root, ".build", "bench", `${name}.js`);
}

/**
 * A `require` that finds the frameworks of the workloads. They are required, not imported, for that is what tracers that patch modules
 * see without a loader hook.
 */
export const requireFramework: NodeJS.Require = createRequire(join(root, "bench", "package.json"));

/** Who is compared by packages of their own. */
export type Peer = "opentelemetry" | "datadog" | "sentry" | "elastic" | "jaeger";

/**
 * The folder of a peer's packages: where they differ, the last line for Node 20 on Node 20, and the newest from 22 on.
 *
 * @param node the version that runs it, by default this process's
 */
export function peerFolder(peer: Peer, node: string = process.versions.node): string {
  const isOld = Number(majorOf(node)) < 22;
  const line = peer === "opentelemetry" || peer === "datadog" ? `${peer}-${isOld ? 20 : 24}` : peer;
  return join(root, "bench", "peers", line);
}

/** A `require` that finds a peer's packages. */
export function requirePeer(peer: Peer): NodeJS.Require {
  return createRequire(join(peerFolder(peer), "package.json"));
}
