// npm run interop: our services in one trace with the real systems of interop/parts, as a table. The exit code is 1 where anything fails.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { compile, install, root } from "./setup.mjs";

install();
compile();

const main = join(root, ".build", "interop", "main.js");
const child = spawn(process.execPath, ["--enable-source-maps", main, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
// It ends its own children: wait for that. The terminal sends Ctrl-C to the whole group.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));
