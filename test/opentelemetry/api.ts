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

// Our own package gets the API that the instrumentations have, as npm would arrange it for an application.
module.register(
  `data:text/javascript,${encodeURIComponent(`
    export function resolve(specifier, context, next) {
      const parentURL = ${JSON.stringify(pathToFileURL(join(peers, "index.js")).href)};
      return next(specifier, specifier === "@opentelemetry/api" ? { ...context, parentURL } : context);
    }`)}`,
);

/** As a package of that folder requires it. */
export const requirePeer: NodeJS.Require = createRequire(join(peers, "index.js"));

export const api: typeof import("@opentelemetry/api") = requirePeer("@opentelemetry/api");

export const { registerOpenTelemetry } = await import("node-opentracing/opentelemetry");
