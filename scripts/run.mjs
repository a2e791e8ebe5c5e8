// npm start, npm run example and npm run interop: install and compile what is missing, then run one compiled file with the rest of the arguments.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { compile, install, root } from "./setup.mjs";

const [name = "NAME", ...args] = process.argv.slice(2);
install();
await compile();

const candidates = [`${name}`, `.build/examples/${name}.js`, `.build/examples/${name}/main.js`].map((file) =>
  resolve(root, file),
);
const file = candidates.find((candidate) => candidate.endsWith(".js") && existsSync(candidate));
if (file === undefined) {
  console.error(`npm run example -- NAME: there is no example "${name}"; see the folder examples/`);
  process.exit(2);
}

const child = spawn(process.execPath, ["--enable-source-maps", file, ...args], { stdio: "inherit" });
// A terminal sends Ctrl-C to the whole group: wait for the program to end by itself. Without one nobody else tells it.
process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
