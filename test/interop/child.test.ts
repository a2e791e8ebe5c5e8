// Processes of the interop run: a service that does not come up, and a command that fails, say why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand, startChild, startServer } from "../../interop/child.js";
import { neutralizeEnvironment } from "../../interop/neutral-environment.js";

const node = process.execPath;

test("a service that listens is known by its line, and ends", async () => {
  const program = `console.log('{"port":7,"version":"peer 1.2"}'); setInterval(() => {}, 1000)`;
  const peer = await startChild(node, ["-e", program]);
  assert.deepEqual([peer.port, peer.version], [7, "peer 1.2"]);
  await peer.stop();
  await peer.stop();
});

test("a service that ends before it listens rejects with what it wrote", async () => {
  const program = `console.error("no such module"); process.exit(3)`;
  await assert.rejects(startChild(node, ["-e", program]), /it ended with 3\n(.*\n)*no such module/);
});

test("a service whose first line is another rejects with it", async () => {
  const program = `console.log("listening on 80"); setInterval(() => {}, 1000)`;
  await assert.rejects(startChild(node, ["-e", program]), /its first line must be \{"port": .*not listening on 80/);
});

test("a service that says nothing in its time rejects", async () => {
  const silent = startChild(node, ["-e", "setInterval(() => {}, 1000)"], { timeLimit: 20 });
  await assert.rejects(silent, /not done in 0.02 s/);
});

test("a program that is not there rejects", async () => {
  await assert.rejects(startChild("no-such-program", []), /ENOENT/);
  await assert.rejects(runCommand("no-such-program", []), /ENOENT/);
});

test("a command answers what it wrote, or rejects with the end of it", async () => {
  assert.equal(await runCommand(node, ["-e", `process.stdout.write("done")`]), "done");
  const failing = `console.log("building"); console.error("broken"); process.exit(1)`;
  await assert.rejects(runCommand(node, ["-e", failing]), /it ended with 1\n(.*\n)*building\nbroken/);
});

test("a service gets its variables, and none of those that configured tracers here", async () => {
  process.env["OTEL_TRACES_SAMPLER"] = "always_off";
  neutralizeEnvironment();
  const program = `
    const { FORMAT, OTEL_TRACES_SAMPLER } = process.env;
    console.log(JSON.stringify({ port: 1, version: FORMAT + " " + OTEL_TRACES_SAMPLER }));
    setInterval(() => {}, 1000);`;
  const peer = await startChild(node, ["-e", program], { env: { FORMAT: "b3" } });
  assert.equal(peer.version, "b3 undefined");
  await peer.stop();
});

test("a server is up once it has printed that it is, wherever it does", async () => {
  for (const method of ["log", "error"]) {
    const program = `console.${method}("starting"); console.${method}("1 Serving on 80"); setInterval(() => {}, 1000)`;
    const end = await startServer(node, ["-e", program], "Serving");
    await end();
    await end();
  }
});

test("a server that ends or is silent before rejects with what it wrote", async () => {
  const failing = `console.log("port in use"); process.exit(1)`;
  await assert.rejects(startServer(node, ["-e", failing], "Serving"), /it ended with 1\n(.*\n)*port in use/);
  const silent = startServer(node, ["-e", "setInterval(() => {}, 1000)"], "Serving", { timeLimit: 20 });
  await assert.rejects(silent, /not done in 0.02 s/);
});
