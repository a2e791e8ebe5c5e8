// npm test: set up, compile, run every test on this Node. --nodes 20,24 runs them on those releases instead (npm's `node`
// package brings the binaries). Other arguments choose files: npm test -- propagation

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { compile, install, npm, root } from "./setup.mjs";

const args = process.argv.slice(2);
const nodesAt = args.indexOf("--nodes");
const majors = nodesAt < 0 ? [] : (args.splice(nodesAt, 2)[1] ?? "").split(",");
if (majors.some((major) => !/^\d+$/.test(major))) {
  console.error("npm test -- --nodes 20,24 [part of a file's path ...]");
  process.exit(2);
}

install();
compile();

const files = testFiles(join(root, ".build", "test")).filter(
  (file) => args.length === 0 || args.some((part) => relative(root, file).includes(part)),
);
if (files.length === 0) {
  console.error(`no test file matches ${args.join(" ")}`);
  process.exit(1);
}

let failed = false;
for (const binary of majors.length === 0 ? [process.execPath] : majors.map(nodeBinary)) {
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

/** The newest Node of that major, installed once under .nodes/. */
function nodeBinary(major) {
  const folder = join(root, ".nodes", major);
  const binary = join(folder, "node_modules", "node", "bin", "node");
  if (!existsSync(binary)) {
    npm(["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--loglevel=error", `node@${major}`]);
  }
  return binary;
}
