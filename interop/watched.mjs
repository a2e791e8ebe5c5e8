// Runs a program that knows nothing of us, and ends it when whoever started this has gone without a word: then stdin ends.

import { spawn } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on("exit", (code) => process.exit(code ?? 1));
process.on("SIGTERM", () => {}); // the program has it too: this ends with it
process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL")).resume();
