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

/** Below the ports that systems give to whoever asks for any: nobody gets one of these before the example takes it. */
let nextPort = 20_000 + (process.pid % 300) * 40;

/** A port that nobody listens on, each time another. */
async function freePort(): Promise<string> {
  for (;;) {
    const port = nextPort++;
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return String(port);
  }
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

test("examples/hello: a request, and a span of its own below it", async () => {
  const port = await freePort();
  const hello = start("hello.js", [], { PORT: port });
  await hello.until("curl");
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/orders/7`)).text(), "tea and cups\n");
  const output = await hello.until("└─ load order");
  hello.child.kill("SIGTERM");
  await hello.end();
  assert.equal(pictures(output), "trace\nshop  GET  server 200\nshop  └─ load order");
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

test("examples/http2: two requests over one session, in one trace", async () => {
  const streams = start("http2.js");
  const { output } = await streams.end();
  assert.match(output, /you asked for \/a/);
  assert.equal(
    pictures(output),
    `trace
streams  two requests
streams  ├─ GET  client 200
streams  │  └─ GET  server 200
streams  └─ GET  client 200
streams     └─ GET  server 200`,
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

test("examples/tornado-simple: every request a span by its handler's class, story 0 fails, the others get a tag", async () => {
  const port = await freePort();
  const simple = start("tornado-simple.js", [], { PORT: port });
  await simple.until("curl");
  for (const [path, status, body] of [
    ["", 200, '{"status":"ok"}'],
    ["story/1", 200, '{"status":"fetched"}'],
    ["story/0", 500, undefined],
  ] as const) {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
    const text = await answer.text();
    assert.deepEqual([answer.status, body ?? text], [status, text]);
  }
  const output = await simple.until("server 500");
  simple.child.kill("SIGTERM");
  const { errors } = await simple.end();
  assert.match(errors, /^Uncaught exception GET \/story\/0/);
  assert.equal(
    pictures(output),
    `trace
tornado-simple  MainHandler  server 200
trace
tornado-simple  StoryHandler  server 200
trace
tornado-simple  StoryHandler  server 500  ✗ RangeError: invalid value passed`,
  );
});

test("examples/tornado-client-server: decorated handlers, a client call, and an extra child span", async () => {
  const port = await freePort();
  const app = start("tornado-client-server.js", [], { PORT: port });
  await app.until("curl");
  for (const path of ["log", "childspan"]) {
    const answer = await fetch(`http://127.0.0.1:${port}/client/${path}`);
    assert.match(await answer.text(), /^\{"message":"Sent a request /);
  }
  const output = await app.until("extra_child_span");
  app.child.kill("SIGTERM");
  await app.end();
  assert.equal(
    pictures(output),
    `trace
tornado-client-server  ClientLogHandler  server 200
tornado-client-server  └─ client/GET  client 200
tornado-client-server     └─ ServerLogHandler  server 200
trace
tornado-client-server  ClientChildSpanHandler  server 200
tornado-client-server  └─ client/GET  client 200
tornado-client-server     └─ ServerChildSpanHandler  server 200
tornado-client-server        └─ extra_child_span`,
  );
});

for (const framework of ["express", "koa", "hono", "h3"]) {
  test(`examples/${framework}: names after routes, and an order that fails`, async () => {
    const port = await freePort();
    const app = start(`${framework}.js`, [], { PORT: port });
    await app.until("curl");
    for (const [id, status] of [
      [1, 200],
      [0, 500],
    ]) {
      const answer = await fetch(`http://127.0.0.1:${port}/orgs/7/orders/${id}`);
      await answer.text();
      assert.equal(answer.status, status);
    }
    const output = await app.until("server 500");
    app.child.kill("SIGTERM");
    await app.end();
    assert.equal(
      pictures(output),
      `trace
${framework}  GET /orgs/:org/orders/:id  server 200
${framework}  └─ load order
trace
${framework}  GET /orgs/:org/orders/:id  server 500  ✗ Error: there is no order 0
${framework}  └─ load order  ✗ Error: there is no order 0`,
    );
  });
}

test("examples/nest: requests by their routes, a method with a span of its own, and what a filter answers", async () => {
  const port = await freePort();
  const app = start("nest/main.js", [], { PORT: port });
  await app.until("curl");
  for (const [id, status] of [
    [7, 200],
    [0, 500],
    ["x", 400],
  ]) {
    const answer = await fetch(`http://127.0.0.1:${port}/orders/${id}`);
    await answer.text();
    assert.equal(answer.status, status);
  }
  const output = await app.until("server 400");
  app.child.kill("SIGTERM");
  await app.end();
  assert.equal(
    pictures(output),
    `trace
shop  GET /orders/:id  server 200
shop  └─ OrdersService.find
trace
shop  GET /orders/:id  server 500  ✗ Error: order 0 is lost
shop  └─ OrdersService.find  ✗ Error: order 0 is lost
trace
shop  GET /orders/:id  server 400`,
  );
});

test("examples/fastify: routes name the spans, a hook answers early, order 0 fails", async () => {
  const port = await freePort();
  const app = start("fastify.js", [], { PORT: port });
  await app.until("curl");
  for (const [id, key, status] of [
    ["7", "1", 200],
    ["0", "1", 500],
    ["7", undefined, 401],
  ] as const) {
    const headers: Record<string, string> = key === undefined ? {} : { "x-key": key };
    const answer = await fetch(`http://127.0.0.1:${port}/api/orders/${id}`, { headers });
    await answer.text();
    assert.equal(answer.status, status);
  }
  const output = await app.until("server 401");
  app.child.kill("SIGTERM");
  await app.end();
  assert.equal(
    pictures(output),
    `trace
orders  GET /api/orders/:id  server 200
orders  └─ load order
trace
orders  GET /api/orders/:id  server 500  ✗ Error: order 0 is lost
orders  └─ load order  ✗ Error: order 0 is lost
trace
orders  GET /api/orders/:id  server 401`,
  );
});

test("examples/hapi: the plug-in names the spans, order 0 fails", async () => {
  const port = await freePort();
  const app = start("hapi.js", [], { PORT: port });
  await app.until("curl");
  for (const id of ["7", "0"]) await (await fetch(`http://127.0.0.1:${port}/orders/${id}`)).text();
  const output = await app.until("server 500");
  app.child.kill("SIGTERM");
  await app.end();
  assert.equal(
    pictures(output),
    `trace
orders  GET /orders/{id}  server 200
orders  └─ load order
trace
orders  GET /orders/{id}  server 500  ✗ Error: order 0 is lost`,
  );
});

test("examples/restify and examples/polka: an order, and with restify one that fails", async () => {
  const port = await freePort();
  const server = start("restify.js", [], { PORT: port });
  await server.until("curl");
  for (const id of [1, 0]) await (await fetch(`http://127.0.0.1:${port}/orders/${id}`)).text();
  const output = await server.until("server 500");
  server.child.kill("SIGTERM");
  await server.end();
  assert.equal(
    pictures(output),
    `trace
restify  GET /orders/:id  server 200
restify  └─ load order
trace
restify  GET /orders/:id  server 500  ✗ Error: there is no order 0
restify  └─ load order  ✗ Error: there is no order 0`,
  );

  const other = start("polka.js", [], { PORT: port });
  await other.until("curl");
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/orders/1`)).text(), "an order");
  const named = await other.until("server 200");
  other.child.kill("SIGTERM");
  await other.end();
  assert.equal(pictures(named), "trace\npolka  GET /orders/:id  server 200");
});

test("examples/opentelemetry-provider: spans by OpenTelemetry's API in our trace, and an order that fails", async () => {
  const port = await freePort();
  const app = start("opentelemetry-provider.js", [], { PORT: port });
  await app.until("curl");
  for (const id of [7, 0]) await (await fetch(`http://127.0.0.1:${port}/orders/${id}`)).text();
  const output = await app.until("no such order");
  app.child.kill("SIGTERM");
  await app.end();
  const order = `trace
orders  GET  server 200
orders  └─ load order
orders     └─ SELECT orders  client
orders        └─ parse`;
  assert.equal(pictures(output), `${order}\n${order.replace("client", "client  ✗ no such order")}`);
});

test("examples/opentelemetry-tracer: a request, and spans by both APIs, go out by the application's provider", async () => {
  const port = await freePort();
  const example = start("opentelemetry-tracer.js", [], { PORT: port });
  await example.until("curl");
  assert.equal(await fetch(`http://127.0.0.1:${port}/orders/7`).then((answer) => answer.text()), "an order\n");
  const output = await example.until("GET by");
  example.child.kill("SIGTERM");
  assert.deepEqual(output.split("\n").slice(1, 4), [
    "select by shop",
    "load order by node-opentracing",
    "GET by node-opentracing",
  ]);
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

test("examples/jaeger: jaeger-client's own code, with another import, exports both services' spans", async () => {
  const spans: string[] = [];
  const sink = http.createServer(async (request, response) => {
    spans.push(Buffer.concat(await request.toArray()).toString());
    response.end();
  });
  await once(sink.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/v1/traces`;
  const { code, output, errors } = await start("jaeger.js", [], { JAEGER_ENDPOINT: endpoint }).end();
  sink.close();
  sink.closeAllConnections();
  assert.equal(code, 0, errors);
  assert.equal(errors, "");
  assert.match(output, /with OtlpReporter\(.*\) and ConstSampler\(always\)/);
  assert.match(output, /Bonjour, Bryan!/);
  assert.equal(output.match(/Reporting span [0-9a-f]+:[0-9a-f]+:[0-9a-f]+:1/g)?.length, 2);
  assert.match(output, /closed/);
  for (const name of ["say-hello", "format", "hello-world.version"]) assert.ok(spans.join().includes(name), name);
});
