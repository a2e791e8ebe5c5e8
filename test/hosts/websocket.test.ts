// WebSockets with the ws package: one span for the upgrade and the session, however it ends.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import express from "express";
import { type FastifyRequest, fastify } from "fastify";
import { MemoryReporter, Tracer, Tracing, traceServer } from "node-opentracing";
import { expressTracing } from "node-opentracing/express";
import { RawClient, spanTree } from "node-opentracing/testing";
import { type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree, tracingTo } from "./listening.js";

const TAGS = { tags: ["http.url", "http.upgrade"] };

async function serving(t: TestContext, options: ServerOptions = {}) {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const server = http.createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, path: "/chat", ...options });
  traceServer(server, tracing);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  return { reporter, tracing, server, sockets, url: `ws://127.0.0.1:${port(server)}/chat` };
}

function port(server: Server): number {
  return (server.address() as AddressInfo).port;
}

test("a session is one span from the upgrade to its end; messages have none", async (t) => {
  const { reporter, sockets, url } = await serving(t);
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${data}`)));
  const client = new WebSocket(`${url}?token=secret`);
  await once(client, "open");
  const opened = performance.now();
  for (const word of ["one", "two"]) {
    client.send(word);
    const [data] = (await once(client, "message")) as [Buffer];
    assert.equal(data.toString(), `echo ${word}`);
  }
  assert.equal(reporter.spans.length, 0, "the session is open");
  const lasted = performance.now() - opened;
  client.close();
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, TAGS),
    "\nGET  server 101 http.url=/chat?token=REDACTED http.upgrade=websocket",
  );
  const { startTime, endTime } = reporter.spans[0]!;
  assert.ok(endTime - startTime >= lasted, "the span lasts as long as the session");
});

test("messages that the application traces are children of the session", async (t) => {
  const { reporter, tracing, sockets, url } = await serving(t);
  sockets.on("connection", (socket, request) => {
    tracing.bindEmitter(socket, tracing.getSpan(request));
    socket.on("message", (data) => tracing.startActiveSpan(`message ${data}`, () => socket.send("done")));
  });
  const client = new WebSocket(url);
  await once(client, "open");
  for (const word of ["one", "two"]) {
    client.send(word);
    await once(client, "message");
  }
  client.close();
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), "\nGET  server 101\n  message one\n  message two");
});

test("client and server of a WebSocket are one trace", async (t) => {
  const { reporter, tracing, url } = await serving(t);
  t.after(traceNodeHttpClient(tracing.http));
  const client = new WebSocket(url);
  await once(client, "open");
  client.close();
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nGET  client 101\n  GET  server 101");
});

const REFUSED: [what: string, options: ServerOptions, path: string, expected: string][] = [
  ["by verifyClient", { verifyClient: () => false }, "/chat", "401"],
  [
    "by an asynchronous verifyClient with a status of its own",
    { verifyClient: (_info: unknown, done: (ok: boolean, code: number) => void) => setImmediate(done, false, 503) },
    "/chat",
    "503 error",
  ],
  ["because of its path", {}, "/elsewhere", "400"],
];
for (const [what, options, path, expected] of REFUSED) {
  test(`an upgrade refused ${what}`, async (t) => {
    const { reporter, server } = await serving(t, options);
    const client = new WebSocket(`ws://127.0.0.1:${port(server)}${path}`);
    await once(client, "error");
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans), `\nGET  server ${expected}`);
  });
}

test("an upgrade without a WebSocket key is answered 400", async (t) => {
  const { reporter, server } = await serving(t);
  const client = await RawClient.connect(port(server));
  client.send("GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  assert.match(await client.end(), /^HTTP\/1.1 400/);
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server 400");
});

test("an error with which the application destroys the session is the session's", async (t) => {
  const { reporter, server, sockets } = await serving(t, { server: undefined, noServer: true });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, () => socket.destroy(new Error("no room")));
  });
  const client = new WebSocket(`ws://127.0.0.1:${port(server)}/chat`);
  client.on("error", () => {});
  await once(client, "close");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server 101 error=response_cut");
});

test("the client vanishes: the session ends, and a reset is recorded as one", async (t) => {
  const { reporter, sockets, url } = await serving(t);
  const opened = once(sockets, "connection");
  const client = new WebSocket(url);
  await once(client, "open");
  const [socket] = (await opened) as [WebSocket];
  socket.on("error", () => {});
  (client as unknown as { _socket: { resetAndDestroy(): void } })._socket.resetAndDestroy();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server 101 error=connection_reset");

  const second = new WebSocket(url);
  await once(second, "open");
  second.terminate();
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans.slice(1)), "\nGET  server 101");
});

test("where a plug-in alone traces an application, sessions that are served by it have no span, as all upgrades", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const app = express();
  const opened = new WeakMap<object, WebSocket>();
  app.use(expressTracing({ tracing }));
  app.get("/chat", (request) => opened.get(request)!.send("hello"));
  app.get("/page", (_request, response) => void response.end());
  const server = http.createServer(app);
  const sockets = new WebSocketServer({ noServer: true });
  // As express-ws does.
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (session) => {
      opened.set(request, session);
      app(request, new http.ServerResponse(request));
    });
  });
  const { ask, port } = await listening(t, server);
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  await once(client, "message");
  client.close();
  await once(client, "close");
  await ask("GET /page");
  assert.equal(await takeTree(reporter), "\nGET /page  server 200");
});

test("what a handler of a WebSocket's route in Fastify fails with is the session's error", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  t.after(traceServers(tracing.http));
  const app = fastify();
  const sockets = new WebSocketServer({ noServer: true });
  // As @fastify/websocket does.
  app.addHook("onRoute", (route) => {
    const handler = route.handler as unknown as (socket: WebSocket, request: FastifyRequest) => unknown;
    route.handler = function open(request, reply) {
      reply.hijack();
      sockets.handleUpgrade(request.raw, request.raw.socket, Buffer.alloc(0), (session) => {
        new Promise((resolve) => resolve(handler(session, request))).catch(() => session.close(1011));
      });
    };
  });
  app.server.on("upgrade", (request) => app.routing(request, new http.ServerResponse(request)));
  app.get("/thrown", () => {
    throw new RangeError("thrown");
  });
  app.get("/rejected", async () => {
    throw new RangeError("rejected");
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  for (const path of ["/thrown", "/rejected"]) {
    const client = new WebSocket(`ws://127.0.0.1:${port(app.server)}${path}`);
    await once(client, "close");
    assert.equal(await takeTree(reporter), `\nGET ${path}  server 101 error=RangeError`);
  }
});

test("100 sessions at a time are 100 spans", async (t) => {
  const { reporter, url } = await serving(t);
  const clients = Array.from({ length: 100 }, () => new WebSocket(url));
  await Promise.all(clients.map((client) => once(client, "open")));
  assert.equal(reporter.spans.length, 0);
  for (const client of clients) client.close();
  await reporter.waitFor(100);
  assert.equal(spanTree(reporter.spans), "\nGET  server 101".repeat(100));
});
