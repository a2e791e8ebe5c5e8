// npm test: set up, compile, run every test on this Node. --nodes 20,24 runs them on those releases instead (npm's `node`
// package brings the binaries). Other arguments choose files: npm test -- propagation

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { compile, install, nodeBinaries, root } from "./setup.mjs";

const args = process.argv.slice(2);
install();
const binaries = nodeBinaries(args, "npm test -- --nodes 20,24 [part of a file's path ...]");
await compile();

const files = testFiles(join(root, ".build", "test")).filter(
  (file) => args.length === 0 || args.some((part) => relative(root, file).includes(part)),
);
if (files.length === 0) {
  console.error(`no test file matches ${args.join(" ")}`);
  process.exit(1);
}

let failed = false;
for (const binary of binaries) {
  const version = spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`\n# tests on Node ${version}`);
  // A file that hangs fails, instead of holding up the rest.
  const flags = ["--test", "--test-timeout=240000", "--test-reporter=spec", "--enable-source-maps", "--expose-gc"];
  const { status } = spawnSync(binary, [...flags, ...files], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    failed = true;
    console.error(`# tests failed on Node ${version}`);
  }
}
process.exit(failed ? 1 : 0);

/** Every compiled *.test.js whose source still exists (tsc leaves outputs of deleted sources behind). */
function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.js"))
    .filter((name) => existsSync(join(root, "test", name.replace(/\.js$/, ".ts"))))
    .sort()
    .map((name) => join(folder, name));
}
