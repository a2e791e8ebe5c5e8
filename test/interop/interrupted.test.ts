// An interop run that is interrupted leaves no folder behind, and one that is killed no process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("interrupted.js", import.meta.url));
const killed = fileURLToPath(new URL("killed.js", import.meta.url));

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`a run that gets ${signal} ends with 1, without its temporary folders and half a build`, async (t) => {
    const [cache, temporary] = ["interop-cache-", "interop-temporary-"].map((name) => {
      const folder = mkdtempSync(join(tmpdir(), name));
      t.after(() => rmSync(folder, { recursive: true }));
      return folder;
    });
    const run = spawn(process.execPath, [program, cache!, temporary!], { stdio: ["ignore", "pipe", "inherit"] });
    await once(run.stdout, "data");
    assert.equal(readdirSync(cache!).length, 1);
    assert.equal(readdirSync(temporary!).length, 1);
    run.kill(signal);
    assert.deepEqual(await once(run, "close"), [1, null]);
    assert.deepEqual([...readdirSync(cache!), ...readdirSync(temporary!)], []);
  });
}

test("the servers of a run that is killed end with it", async (t) => {
  const watching = createServer();
  t.after(() => watching.close());
  await once(watching.listen(0, "127.0.0.1"), "listening");
  const { port } = watching.address() as AddressInfo;
  const run = spawn(process.execPath, [killed, String(port)], { stdio: "inherit" });
  const [server] = (await once(watching, "connection")) as [Socket];
  server.on("error", () => {}).resume();
  const ended = once(server, "close");
  run.kill("SIGKILL");
  await ended;
});
