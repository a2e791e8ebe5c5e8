// The examples run, and print what they promise.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

const examples = new URL("../examples/", import.meta.url);
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a compiled example; `until` waits for a text in all that it has printed so far. */
function start(name: string, args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, examples)), ...args], {
    env: { ...process.env, NO_COLOR: "1", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", ...env },
  });
  running.add(child);
  child.on("exit", () => running.delete(child));
  const ended = once(child, "close");
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return {
    child,
    async until(text: string): Promise<string> {
      while (!output.includes(text)) {
        const [data] = await Promise.race([once(child.stdout, "data"), ended]);
        assert.equal(typeof data, "string", `ended without "${text}": ${output} ${errors}`);
      }
      return output;
    },
    async end(): Promise<{ code: number | null; output: string; errors: string }> {
      await ended;
      return { code: child.exitCode, output, errors };
    },
  };
}

/** A port that nobody listens on. */
async function freePort(): Promise<string> {
  const server = net.createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

/** The pictures without times and ids, which differ from run to run. */
function pictures(output: string): string {
  return output
    .split("\n")
    .filter((line) => line.startsWith("trace ") || /\d ms$/.test(line))
    .map((line) => line.replace(/^trace .*/, "trace").replace(/\s+[\d.]+ ms\s+[\d.]+ ms$/, ""))
    .join("\n");
}

test("npm start -- --requests 5: one trace through three services, a failure, a slow one, an abort; exit code 0", async () => {
  const { code, output, errors } = await start("shop/main.js", ["--requests", "5"]).end();
  assert.equal(code, 0, errors);
  assert.equal(errors, "");
  const order = `trace
gateway  GET /orders/:id  server 200
gateway  └─ GET  client 200
orders      └─ GET  server 200
orders         ├─ load order
orders         └─ GET  client 200
stock             └─ GET  server 200
stock                └─ count items`;
  assert.equal(
    pictures(output),
    `${order}
${order}
trace
gateway  GET /orders/:id  server 500  ✗ 500
gateway  └─ GET  client 500  ✗ 500
orders      └─ GET  server 500  ✗ 500
orders         └─ load order  ✗ Error
${order.replace("GET /orders/:id", "GET /slow")}
${order.replace("GET /orders/:id  server 200", "GET /slow  server  ✗ client_disconnect")}`,
  );
});

test("npm start serves until Ctrl-C, prints each trace, and exports to the collector at the OTLP endpoint", async () => {
  const paths: (string | undefined)[] = [];
  const spans: string[] = [];
  const sink = http.createServer(async (request, response) => {
    paths.push(request.url);
    spans.push(Buffer.concat(await request.toArray()).toString());
    response.setHeader("content-type", "application/json").end("{}");
  });
  await once(sink.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const port = await freePort();
  const shop = start("shop/main.js", [], { PORT: port, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  await shop.until("Ctrl-C ends");
  assert.match(await (await fetch(`http://127.0.0.1:${port}/orders/7`)).text(), /"id":7/);
  await shop.until("count items");
  shop.child.kill("SIGINT");
  const { code, errors } = await shop.end();
  sink.close();
  sink.closeAllConnections();
  assert.equal(code, 0, errors);
  assert.deepEqual([...new Set(paths)], ["/v1/traces"]);
  for (const name of ["gateway", "orders", "stock", "count items"]) assert.ok(spans.join().includes(name), name);
});

test("examples/simple: every request a span, story 0 fails, the others get a tag", async () => {
  const port = await freePort();
  const simple = start("simple.js", [], { PORT: port });
  await simple.until("curl");
  for (const [id, status] of [
    [1, 200],
    [0, 500],
  ]) {
    const answer = await fetch(`http://127.0.0.1:${port}/story/${id}`);
    await answer.text();
    assert.equal(answer.status, status);
  }
  const output = await simple.until("server 500");
  simple.child.kill("SIGTERM");
  await simple.end();
  assert.equal(
    pictures(output),
    `trace
simple  GET  server 200
simple  └─ tell story
trace
simple  GET  server 500  ✗ 500
simple  └─ tell story  ✗ Error: story 0 is not for telling`,
  );
});

test("examples/client-server: decorated handlers, a client call, and a call in an extra span", async () => {
  const port = await freePort();
  const app = start("client-server.js", [], { PORT: port });
  await app.until("curl");
  for (const path of ["client", "client-child"]) {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
    assert.equal(await answer.text(), "the server said hello");
  }
  const output = await app.until("extra work");
  app.child.kill("SIGTERM");
  await app.end();
  assert.equal(
    pictures(output),
    `trace
client-server  GET  server 200
client-server  └─ GET  client 200
client-server     └─ GET  server 200
trace
client-server  GET  server 200
client-server  └─ extra work
client-server     └─ GET  client 200
client-server        └─ GET  server 200`,
  );
});

test("examples/websocket: a session is one span, its messages are children", async () => {
  const port = await freePort();
  const chat = start("websocket.js", [], { PORT: port });
  await chat.until("ws://");
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  await once(client, "open");
  client.send("hello");
  const [data] = (await once(client, "message")) as [Buffer];
  assert.equal(data.toString(), "you said hello");
  client.close();
  const output = await chat.until("server 101");
  chat.child.kill("SIGTERM");
  await chat.end();
  assert.equal(pictures(output), "trace\nchat  GET  server 101\nchat  └─ message");
});

test("examples/two-apps: each application by its own settings", async () => {
  const ports = [await freePort(), await freePort()] as const;
  const apps = start("two-apps.js", [], { PORT: ports[0], ADMIN_PORT: ports[1] });
  await apps.until("curl");
  for (const port of ports) await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const output = await apps.until("admin  server 200");
  apps.child.kill("SIGTERM");
  await apps.end();
  assert.equal(pictures(output), "trace\nshop  server 200\ntrace\nadmin  server 200");
});
