// Brings a checkout to the point where it can run: dependencies installed, sources compiled. Used by every npm script.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the repository's folder and ends this process with its exit code when it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

/** Installs what the lock files list, here, in every folder of test/ that has one, and in these, unless that has been done. */
export function install(folders = []) {
  const ofTests = readdirSync(join(root, "test")).map((name) => join(root, "test", name));
  const locked = [...ofTests, ...folders].filter((one) => existsSync(join(one, "package-lock.json")));
  for (const folder of [root, ...locked]) {
    const stamp = join(folder, "node_modules", ".package-lock.json");
    if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(folder, "package-lock.json")).mtimeMs) continue;
    // Not `npm ci`: it refuses a lock file that was written on one platform and lacks the optional binaries of another.
    npm(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
  }
}

/** Runs npm: the one that started this script, or the one on the PATH. */
export function npm(args, options) {
  const started = process.env.npm_execpath;
  if (started?.endsWith(".js")) run(process.execPath, [started, ...args], options);
  else run("npm", args, options);
}

/** Compiles src to dist and, for `"all"`, the tests and examples to .build. Incremental. */
export async function compile(what = "all") {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  run(process.execPath, [tsc, "-b", what === "all" ? "." : "src"]);
  await bundle(root);
}

/** Deletes what `compile` made. */
export function clean() {
  for (const folder of ["dist", ".build"]) rmSync(join(root, folder), { recursive: true, force: true });
}

/** Takes `--nodes 20,24`, `--nodes=20,24`, or `--node`, out of the arguments: the binaries of those releases, or this process's own without it. */
export function nodeBinaries(args, usage) {
  const at = args.findIndex((one) => /^--nodes?(=|$)/.test(one));
  if (at < 0) return [process.execPath];
  const [, inOne] = args[at].split("=");
  const majors = (args.splice(at, inOne === undefined ? 2 : 1)[1] ?? inOne ?? "").split(",");
  if (majors.every((major) => /^\d+$/.test(major) && major >= 20)) return majors.map(nodeBinary);
  console.error(usage);
  return process.exit(2);
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
