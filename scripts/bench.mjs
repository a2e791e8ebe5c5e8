// npm run bench: install what is compared, compile, and run the benchmark. `npm run bench -- --help` tells its options.
// npm run bench:guard: `node scripts/bench.mjs guard`, which needs no peers.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compile, install, nodeBinaries, root, run } from "./setup.mjs";

const args = process.argv.slice(2);
const program = args[0] === "guard" ? args.shift() : "main";
const binaries = nodeBinaries(args, "npm run bench -- [--node 20,24] ...");
const bench = join(root, "bench");
const peers = readdirSync(join(bench, "peers")).map((name) => join(bench, "peers", name));
const isPeerless = program === "guard" || args.includes("--help") || args.includes("--page");
install(isPeerless ? [] : [bench, ...peers]);
await compile();

run(process.execPath, [join(root, ".build", "bench", `${program}.js`), binaries.join(","), ...args]);
