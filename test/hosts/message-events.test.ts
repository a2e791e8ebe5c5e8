// Where listeners of a request with a body, and of its response, run: in the request's span, though the connection emits the events.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { type Tracing, type TracingOptions, traceServer } from "node-opentracing";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree, tracingTo } from "./listening.js";

type Listener = (request: IncomingMessage, response: ServerResponse, tracing: Tracing) => void;

/** A server for one request, whose body is sent when the handler has returned. */
async function asked(t: TestContext, head: string, listener: Listener, options?: TracingOptions) {
  const { tracing, reporter } = tracingTo(t, options);
  let returned = (): void => {};
  const isServed = new Promise<void>((resolve) => {
    returned = resolve;
  });
  const server = http.createServer((request, response) => {
    listener(request, response, tracing);
    setImmediate(returned);
  });
  traceServer(server, tracing);
  const client = await (await listening(t, server)).connect();
  client.send(`${head}\r\nhost: a\r\n\r\n`);
  await isServed;
  await client.send("body").until("hello");
  return { tracing, reporter };
}

const POST = "POST / HTTP/1.1\r\ncontent-length: 4";

test("what listeners for a body's pieces and its end start are children of the request's span", async (t) => {
  const { reporter } = await asked(t, POST, (request, response, tracing) => {
    request.on("data", (piece) => tracing.startActiveSpan(`piece ${piece}`, () => {}));
    request.on("end", async () => {
      await null;
      tracing.startActiveSpan("whole", () => {});
      response.end("hello");
    });
    response.on("finish", () => tracing.startActiveSpan("finished", () => {}));
  });
  assert.equal(
    await takeTree(reporter, 4),
    `
POST  server 200
  piece body
  whole
  finished`,
  );
});

for (const [who, begin] of [
  ["one server alone", traceServer],
  ["all servers", (_server: http.Server, tracing: Tracing) => traceServers(tracing.http)],
] as const) {
  test(`${who}: where listen was called in a span, connections are not in it, and who waits for "listening" is`, async (t) => {
    const { tracing, reporter } = tracingTo(t);
    const server = http.createServer((request, response) => {
      const told = (name: string) => (): void => tracing.startActiveSpan(name, () => {});
      request.on("data", told("piece")).on("close", told("closed"));
      request.on("end", () => response.end("hello"));
    });
    const undo = begin(server, tracing);
    await tracing.startActiveSpan("boot", async () => {
      server.once("listening", () => tracing.startActiveSpan("listens", () => {}));
      await listening(t, server);
    });
    await (await listening(t, server)).ask("POST /\ncontent-length: 4", "body");
    undo();
    assert.equal(
      await takeTree(reporter, 5),
      `
boot
  listens
POST  server 200
  piece
  closed`,
    );
  });
}

test("where listen was called in a span, a request that takes too long is ended in its own", async (t) => {
  const { tracing } = tracingTo(t);
  const active: unknown[] = [];
  let request: IncomingMessage | undefined;
  const limits = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 50 };
  const server = http.createServer(limits, (one) => {
    request = one.resume().on("error", () => active.push(tracing.activeSpan()));
  });
  traceServer(server, tracing);
  const client = await tracing.startActiveSpan("boot", async () => (await listening(t, server)).connect());
  await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbo").until("408");
  await client.end();
  assert.deepEqual(active, [tracing.getSpan(request!)]);
  assert.notEqual(active[0], undefined);
});

test("a server that its own listener closes at once, or that never listened, leaves nothing behind", async (t) => {
  const { tracing } = tracingTo(t);
  const server = http.createServer();
  traceServer(server, tracing);
  tracing.startActiveSpan("boot", () => server.listen(0, "127.0.0.1", () => server.close()));
  await once(server, "close");
  const [timer] = Object.getOwnPropertySymbols(server).filter(({ description = "" }) =>
    /CheckingInterval/.test(description),
  );
  const { _destroyed: isOver } = (server as unknown as Record<symbol, { _destroyed: boolean }>)[timer!]!;
  assert.equal(isOver, true);

  tracing.startActiveSpan("boot", () => server.listen(0).close());
  const active: unknown[] = [tracing];
  server.once("listening", () => active.push(tracing.activeSpan()));
  await listening(t, server);
  assert.deepEqual(active, [tracing, undefined]);
});

test("where listen fails in a span, whoever hears of it is in that span", async (t) => {
  const { tracing, reporter } = tracingTo(t);
  const { port } = await listening(t, http.createServer());
  const server = http.createServer();
  traceServer(server, tracing);
  await tracing.startActiveSpan("boot", async () => {
    server.once("error", () => tracing.startActiveSpan("fails", () => {}));
    await new Promise((resolve) => server.listen(port, "127.0.0.1").on("error", resolve));
  });
  assert.equal(await takeTree(reporter, 2), "\nboot\n  fails");
});

test("a request that is not traced has no active span in its listeners", async (t) => {
  const active: unknown[] = [];
  const listener: Listener = (request, response, tracing) => {
    request.on("data", () => active.push(tracing.activeSpan()));
    request.on("end", () => response.end("hello"));
  };
  const { reporter } = await asked(t, POST, listener, { filter: () => false });
  assert.deepEqual(active, [undefined]);
  assert.equal(reporter.spans.length, 0);
});

test("a span that is active when an event comes stays active in its listeners", async (t) => {
  const { reporter } = await asked(t, POST, (request, response, tracing) => {
    request.on("mine", () => tracing.activeSpan()?.setTag("heard", true));
    tracing.startActiveSpan("child", () => request.emit("mine"));
    request.resume().on("end", () => response.end("hello"));
  });
  assert.equal(await takeTree(reporter, 2, { tags: ["heard"] }), "\nPOST  server 200\n  child  heard=true");
});

test("objects made of the request, and an emit of the application's own, are called as ever", async (t) => {
  const heard: unknown[] = [];
  await asked(t, POST, (request, response) => {
    const { emit } = request;
    request.emit = function emitNoted(this: IncomingMessage, ...args: never[]) {
      heard.push(args[0]);
      return Reflect.apply(emit, this, args);
    } as typeof emit;
    const derived = Object.create(request) as IncomingMessage;
    request.on("mine", function heardBy(this: unknown, ...args) {
      heard.push(this === derived, args);
    });
    derived.emit("mine", 1, 2);
    request.resume().on("end", () => response.end("hello"));
  });
  assert.deepEqual(heard.slice(0, 3), ["mine", true, [1, 2]]);
});

test("a request without a body is left as it is", async (t) => {
  for (const head of ["GET / HTTP/1.1", "POST / HTTP/1.1\r\ncontent-length: 0"]) {
    await asked(t, head, (request, response) => {
      assert.equal(Object.hasOwn(request, "emit") || Object.hasOwn(response, "emit"), false);
      response.end("hello");
    });
  }
});

test("a stand-in for a request that is frozen, or has no emit, is served as ever", async (t) => {
  const { tracing, reporter } = tracingTo(t);
  const served: object[] = [];
  const server = http.createServer((request, response) => {
    served.push(request);
    response.end();
  });
  traceServer(server, tracing);
  const standIn = { method: "POST", url: "/", headers: { "content-length": "4" } };
  const requests = [Object.freeze({ ...standIn, emit: () => true }), standIn] as unknown as IncomingMessage[];
  for (const request of requests) server.emit("request", request, new http.ServerResponse(request));
  assert.deepEqual(served, requests);
  assert.equal(Object.hasOwn(standIn, "emit"), false);
  assert.equal(reporter.spans.length, 0);
});
