// The examples, run as a user runs them: as programs of their own.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http, { type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const examples = join(dirname(fileURLToPath(import.meta.url)), "../examples");

/** Starts an example; answers the process and what it has printed so far. */
function start(t: TestContext, file: string, args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(examples, file), ...args], {
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  return { child, printed: () => printed };
}

/** Resolves once the example has printed all of these, in any order. */
async function until(child: ChildProcess, printed: () => string, ...patterns: RegExp[]): Promise<void> {
  while (!patterns.every((pattern) => pattern.test(printed()))) await once(child.stdout!, "data");
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = http.createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

/** The lines of a printed trace without times, ids and padding. */
function shape(text: string): string {
  return text.replace(/ +\d+\.\d\d ms/g, "").replace(/ +$/gm, "");
}

test("npm start -- --requests 5: three services in one trace, an error and an abort marked, exit code 0; exported too", async (t) => {
  let exported = 0;
  const sink = http.createServer((request, response) => {
    if (request.url === "/v1/traces") exported++;
    request.resume().on("end", () => response.end("{}"));
  });
  const endpoint = `http://127.0.0.1:${await listening(sink)}`;
  t.after(() => {
    sink.close();
    sink.closeAllConnections();
  });
  const { child, printed } = start(t, "shop/main.js", ["--requests", "5"], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const [code] = await once(child, "close");
  assert.equal(code, 0);

  const traces = shape(printed()).split(/^trace .*$/m);
  const whole = `
gateway  GET /orders/:id  server 200
gateway  └─ GET  client 200
orders      └─ GET  server 200
orders         ├─ load order
orders         └─ GET  client 200
stock             └─ GET  server 200
stock                └─ count items`;
  assert.ok(
    traces.some((trace) => trace.trimEnd() === whole),
    printed(),
  );
  assert.match(printed(), /^gateway {2}GET \/orders\/:id {2}server 500 {2}✗ 500/m);
  assert.match(printed(), /^orders +└─ load order {2}✗ Error/m);
  assert.match(printed(), /^gateway {2}GET \/slow {2}server {2}✗ client_disconnect/m);
  assert.ok(exported > 0);
  assert.match(printed(), /Traces go to http:\/\/127\.0\.0\.1:\d+\/v1\/traces too\./);
});

test("npm start -- --requests 0: refused with what to write instead", async (t) => {
  const { child } = start(t, "shop/main.js", ["--requests", "0"], {});
  assert.equal((await once(child, "close"))[0], 2);
});

test("simple: all requests traced, one handler that fails on id 0, a tag set on the active span", async (t) => {
  const port = await freePort();
  const { child, printed } = start(t, "simple.js", [], { PORT: String(port) });
  await until(child, printed, /curl/);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/story/1`)).text(), "story 1: once upon a time");
  assert.equal((await fetch(`http://127.0.0.1:${port}/story/0`)).status, 500);
  await until(child, printed, /server 200.*\n.*tell story/, /server 500.*\n.*tell story {2}✗ Error/);
});

test("client-server: decorated handlers, a client call to one that logs an event, an extra child span", async (t) => {
  const port = await freePort();
  const { child, printed } = start(t, "client-server.js", [], { PORT: String(port) });
  await until(child, printed, /curl/);
  for (const path of ["/client", "/client-child"]) {
    assert.equal(await (await fetch(`http://127.0.0.1:${port}${path}`)).text(), "the server said hello");
  }
  // The handler that is called has a remote parent, so it is printed by itself.
  await until(
    child,
    printed,
    /GET {2}server 200 {2}\(parent elsewhere\)/,
    /GET {2}server 200.*\n.*└─ GET {2}client 200/,
    /GET {2}server 200.*\n.*└─ extra work.*\n.*└─ GET {2}client 200/,
  );
});
