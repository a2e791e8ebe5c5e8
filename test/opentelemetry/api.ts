// OpenTelemetry's API as this Node gets it: 1.9 with the packages of SDK 2, and from Node 22.15 on 1.10 with those of SDK 3.

import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
const isNew = major > 22 || (major === 22 && minor >= 15);

/** The folder whose packages are meant. */
export const peers: string = join(
  dirname(fileURLToPath(import.meta.url)),
  `../../../test/opentelemetry-sdk${isNew ? 3 : 2}`,
);

/** As a package of that folder requires it. */
export const requirePeer: NodeJS.Require = createRequire(join(peers, "index.js"));

// Our own package gets the API that the instrumentations have, as npm would arrange it for an application.
const imported = pathToFileURL(join(peers, "index.js")).href;
const required = pathToFileURL(requirePeer.resolve("@opentelemetry/api")).href;

interface Place {
  readonly parentURL?: string | undefined;
  readonly conditions: readonly string[];
}
type Resolve = (specifier: string, place: Place, next: (specifier: string, place: Place) => unknown) => unknown;

function resolve(specifier: string, place: Place, next: (specifier: string, place: Place) => unknown): unknown {
  if (specifier !== "@opentelemetry/api" || !place.parentURL?.includes("/dist/")) return next(specifier, place);
  if (place.conditions.includes("require")) return { url: required, shortCircuit: true };
  return next(specifier, { ...place, parentURL: imported });
}

// Not among the types of Node 20, which lacks it: where that imports the API, it is the file that is required.
const { registerHooks } = module as { registerHooks?: (hooks: { resolve: Resolve }) => void };
if (registerHooks !== undefined) {
  registerHooks({ resolve });
} else {
  const text = `const required = "", imported = ${JSON.stringify(imported)}; export ${resolve};`;
  module.register(`data:text/javascript,${encodeURIComponent(text)}`);
}

export const api: typeof import("@opentelemetry/api") = requirePeer("@opentelemetry/api");

export const { registerOpenTelemetry } = await import("node-opentracing/opentelemetry");
