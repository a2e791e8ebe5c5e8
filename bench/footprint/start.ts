// How much CPU a variant's import and start take: `node footprint/start.js VARIANT`. Prints milliseconds.

import { requireFramework } from "../places.ts";

requireFramework("node:http"); // every server has it, and by `import` Node 24 would load TLS and HTTP/2 with it

const before = process.cpuUsage();
const { start } = (await import(`../variants/${process.argv[2]}.js`)) as { start(sink: number): unknown };
await start(9);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);
process.exit(0);
