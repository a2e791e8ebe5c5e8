// npm run hosts: every host by every case of the server contract, as a table. --nodes 20,24 runs it on those releases. The exit code
// is 1 where a case fails.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { compile, install, nodeBinaries, root } from "./setup.mjs";

const args = process.argv.slice(2);
install();
const binaries = nodeBinaries(args, "npm run hosts -- [--nodes 20,24] [part of a host's name ...]");
await compile();

const table = join(root, ".build", "test", "hosts", "contract-table.js");
const runs = binaries.map((binary) =>
  spawnSync(binary, ["--no-warnings", table, ...args], { cwd: root, stdio: "inherit" }),
);
process.exit(runs.every(({ status }) => status === 0) ? 0 : 1);
