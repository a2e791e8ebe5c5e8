// Where things are: the benchmark runs compiled, from .build/bench, and its packages are installed under bench/.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** The folder of a peer's packages: the last line for Node 20 on Node 20, the newest from 22 on, where they differ. */
export function peerFolder(name: "opentelemetry" | "datadog" | "sentry" | "elastic" | "jaeger"): string {
  const isOld = Number.parseInt(process.versions.node, 10) < 22;
  const line = name === "opentelemetry" || name === "datadog" ? `${name}-${isOld ? 20 : 24}` : name;
  return join(root, "bench", "peers", line);
}

/** A `require` that finds a peer's packages. */
export function requirePeer(name: Parameters<typeof peerFolder>[0]): NodeJS.Require {
  return createRequire(join(peerFolder(name), "package.json"));
}
