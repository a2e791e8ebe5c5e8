// Real servers from Debian's packages, each a process of the test's own: a socket in a temporary folder, ended by its id.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** With REAL_SERVERS=required a server that is not installed fails its tests; otherwise they are skipped. */
const isRequired = process.env["REAL_SERVERS"] === "required";

/** Where a program is: on the PATH, or in a folder of Debian's. */
function program(name: string): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  const folders = [...(process.env["PATH"] ?? "").split(":"), ...versions];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** The reason to skip tests of a server, or false where it is installed. */
export function missing(...names: readonly string[]): string | false {
  const absent = names.filter((name) => program(name) === undefined);
  if (absent.length === 0 || isRequired) return false;
  return `${absent.join(" and ")} not found: apt-get install redis-server postgresql`;
}

/** PostgreSQL refuses to be run by root. */
const asPostgres = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};

function idOf(flag: "-u" | "-g"): number {
  try {
    return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return 65_534; // nobody
  }
}

function newFolder(prefix: string): string {
  return mkdtempSync(join(tmpdir(), prefix));
}

/** Resolves when the server is ready. With the test it is stopped, and its folder deleted. */
async function serving(t: TestContext, child: ChildProcess, folder: string): Promise<void> {
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM"); // PostgreSQL waits for its last client then
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.includes("ready to accept connections")) resolve();
      });
    }
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the server ended: ${output}`)));
  });
}

/** Starts redis-server; answers its socket. */
export async function startRedis(t: TestContext): Promise<string> {
  const binary = program("redis-server");
  assert.ok(binary, "redis-server is not installed: apt-get install redis-server");
  const folder = newFolder("redis-");
  const socket = join(folder, "redis.sock");
  const child = spawn(binary, ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder]);
  await serving(t, child, folder);
  return socket;
}

/** Starts postgres; answers the folder of its socket. Its user is `postgres`, without a password. */
export async function startPostgres(t: TestContext): Promise<string> {
  const [initdb, postgres] = [program("initdb"), program("postgres")];
  assert.ok(initdb && postgres, "postgres is not installed: apt-get install postgresql");
  const folder = newFolder("postgres-");
  if (asPostgres.uid !== undefined) chownSync(folder, asPostgres.uid, asPostgres.gid!);
  const data = join(folder, "data");
  execFileSync(initdb, ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    ...asPostgres,
    stdio: "pipe",
    cwd: folder,
  });
  const flags = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"];
  const child = spawn(postgres, flags, { ...asPostgres, cwd: folder });
  await serving(t, child, folder);
  return folder;
}
