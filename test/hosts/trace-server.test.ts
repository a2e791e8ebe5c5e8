// traceServer: one server traced alone, by its own settings, whatever else is traced.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener, type Server } from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, type TestContext, test } from "node:test";
import express from "express";
import Koa from "koa";
import { MemoryReporter, Tracer, Tracing, type TracingOptions, traceServer } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { beginRequest, traceServers } from "#src/hosts/servers.js";

async function listening(t: TestContext, listener: RequestListener): Promise<Server> {
  const server = http.createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

const open: Tracing[] = [];
afterEach(() => Promise.all(open.splice(0).map((tracing) => tracing.close())));

function recording(options?: TracingOptions): { reporter: MemoryReporter; tracing: Tracing } {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), options);
  open.push(tracing);
  return { reporter, tracing };
}

async function get(server: Server, path: string): Promise<void> {
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).until("hello");
  client.leave();
  await client.end();
}

const HELLO: RequestListener = (_request, response) => response.end("hello");

test("one server is traced, with nothing of Node patched; another is not", async (t) => {
  const { emit } = http.Server.prototype;
  const [traced, other] = [await listening(t, HELLO), await listening(t, HELLO)];
  const { reporter, tracing } = recording();
  const undo = traceServer(traced, tracing);
  assert.equal(http.Server.prototype.emit, emit);
  await get(other, "/other");
  await get(traced, "/one");
  undo();
  undo();
  await get(traced, "/two");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["http.url"] }), "\nGET  server 200 http.url=/one");
  assert.equal(Object.hasOwn(traced, "emit"), false);
});

test("two servers in one process, each with its own tracer and settings", async (t) => {
  const first = recording({ tracedAttributes: ["method"] });
  const second = recording({ startSpanCb: (span) => void span.setOperationName("second") });
  const servers = [
    await listening(t, (_request, response) => {
      first.tracing.startActiveSpan("child", () => {});
      response.end("hello");
    }),
    await listening(t, HELLO),
  ] as const;
  traceServer(servers[0], first.tracing);
  traceServer(servers[1], second.tracing);
  await Promise.all(servers.map((server) => get(server, "/")));
  await first.reporter.waitFor(2);
  await second.reporter.waitFor(1);
  assert.equal(spanTree(first.reporter.spans, { tags: ["method"] }), "\nGET  server 200 method=GET\n  child");
  assert.equal(spanTree(second.reporter.spans, { tags: ["method"] }), "\nsecond  server 200");
});

test("a server that is traced alone is left to that by what traces the whole process, its refusals included", async (t) => {
  const [alone, other] = [await listening(t, HELLO), await listening(t, HELLO)];
  const own = recording({ filter: (request: { url: string }) => request.url !== "/health" });
  const everything = recording();
  const undo = traceServer(alone, own.tracing);
  t.after(traceServers(everything.tracing.http));
  for (const path of ["/health", "/own"]) await get(alone, path);
  await get(other, "/other");
  undo();
  await get(alone, "/after");
  await everything.reporter.waitFor(2);
  const tags = { tags: ["http.url"] };
  assert.equal(spanTree(own.reporter.spans, tags), "\nGET  server 200 http.url=/own");
  assert.equal(
    spanTree(everything.reporter.spans, tags),
    "\nGET  server 200 http.url=/other\nGET  server 200 http.url=/after",
  );
});

test("what traces the whole process later sees a server too whose plug-in came first", async (t) => {
  const [plugin, everything] = [recording(), recording()];
  const server = await listening(t, (request, response) => {
    if (request.url === "/plugin") beginRequest(plugin.tracing.http, request, response);
    response.end("hello");
  });
  await get(server, "/plugin");
  const undo = traceServers(everything.tracing.http);
  for (const path of ["/everything", "/plugin"]) await get(server, path);
  undo();
  await get(server, "/none");
  await plugin.reporter.waitFor(1);
  await everything.reporter.waitFor(2);
  const tags = { tags: ["http.url"] };
  assert.equal(spanTree(plugin.reporter.spans, tags), "\nGET  server 200 http.url=/plugin");
  assert.equal(
    spanTree(everything.reporter.spans, tags),
    "\nGET  server 200 http.url=/everything\nGET  server 200 http.url=/plugin",
  );
});

test("what traces the whole process later sees a server too that somebody has patched over us", async (t) => {
  const server = await listening(t, HELLO);
  const [own, everything] = [recording(), recording()];
  const undo = traceServer(server, own.tracing);
  const { emit } = server;
  server.emit = function patchedOver(this: Server, ...args: unknown[]): boolean {
    return Reflect.apply(emit, this, args);
  };
  undo();
  t.after(traceServers(everything.tracing.http));
  await get(server, "/everything");
  await everything.reporter.waitFor(1);
  assert.equal(spanTree(everything.reporter.spans), "\nGET  server 200");
  assert.deepEqual(own.reporter.spans, []);
});

test("a plug-in's requests say why they ended, on a server too that was traced alone before", async (t) => {
  const { reporter, tracing } = recording();
  const server = await listening(t, (request, response) => {
    beginRequest(tracing.http, request, response);
    response.write("hello", () => server.closeAllConnections());
  });
  traceServer(server, recording().tracing)();
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send("GET /closed HTTP/1.1\r\nhost: a\r\n\r\n").end();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  server 200 error=server_closed");
});

test("for one server the latest tracing counts, in whatever order they are undone", async (t) => {
  const server = await listening(t, HELLO);
  const [first, second] = [recording(), recording()];
  const undoFirst = traceServer(server, first.tracing);
  const undoSecond = traceServer(server, second.tracing);
  await get(server, "/second");
  undoFirst();
  await get(server, "/second");
  undoSecond();
  await get(server, "/none");
  traceServer(server, first.tracing);
  await get(server, "/first");
  await first.reporter.waitFor(1);
  await second.reporter.waitFor(2);
  assert.deepEqual([first.reporter.spans.length, second.reporter.spans.length], [1, 2]);
});

test("tracing.close() ends it, and sends what is left", async (t) => {
  const server = await listening(t, HELLO);
  const { reporter, tracing } = recording();
  const before = process.listenerCount("beforeExit");
  traceServer(server, tracing);
  assert.equal(process.listenerCount("beforeExit"), before + 1, "the last spans are sent when the process ends");
  await get(server, "/one");
  await reporter.waitFor(1);
  await tracing.close();
  assert.equal(process.listenerCount("beforeExit"), before);
  await get(server, "/two");
  assert.equal(reporter.spans.length, 1);
  assert.equal(Object.hasOwn(server, "emit"), false);
});

test("many tracings at a time listen no more to the process than one", async (t) => {
  const counts = (): number[] => ["beforeExit", "SIGTERM", "SIGINT"].map((event) => process.listenerCount(event));
  const before = counts();
  const tracings = Array.from({ length: 20 }, () => recording().tracing);
  for (const tracing of tracings) traceServer(await listening(t, HELLO), tracing);
  assert.deepEqual(counts(), [before[0]! + 1, before[1]! + 1, before[2]! + 1]);
  await Promise.all(tracings.map((tracing) => tracing.close()));
  assert.deepEqual(counts(), before);
});

test("what is no server, and what is no Tracing, is refused with what to write", () => {
  const { tracing } = recording();
  assert.throws(() => traceServer({}, tracing), /the server must be a server of node:http/);
  for (const application of [express(), new Koa()]) {
    assert.throws(() => traceServer(application, tracing), /of an application, write what app\.listen\(\) returns/);
  }
  traceServer(http2.createServer(), tracing)();
  assert.throws(() => traceServer(undefined as never, tracing), /the server must be a server of node:http/);
  assert.throws(() => traceServer(http.createServer(), {} as never), /must be a Tracing object: new Tracing\(tracer\)/);
});
