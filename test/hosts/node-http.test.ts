// node:http servers become spans: patching, upgrades, and the ends that only plain Node shows.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { traceServers } from "#src/hosts/servers.js";

type Listener = (request: IncomingMessage, response: ServerResponse) => void;
const GET = "GET /a HTTP/1.1\r\nhost: a\r\n\r\n";
const CHUNKED = "POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const UPGRADE = "GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

async function serving(
  t: TestContext,
  listener: Listener | undefined,
  {
    options = {},
    serverOptions = {},
    patched = true,
  }: {
    options?: TracingOptions;
    serverOptions?: http.ServerOptions;
    patched?: boolean;
  } = {},
) {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), options);
  const server = http.createServer(serverOptions, listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const undo = patched ? traceServers(tracing.http) : () => {};
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  t.after(() => {
    undo();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { reporter, tracing, server, undo, port, connect: () => RawClient.connect(port) };
}

async function tree(reporter: MemoryReporter, spans = 1, options = {}): Promise<string> {
  await reporter.waitFor(spans);
  return spanTree(reporter.spans, options);
}

test("a server that listened before it was traced is traced, and no longer once that is undone", async (t) => {
  const { reporter, undo, connect } = await serving(t, (_request, response) => response.end("hello"));
  await (await connect()).send(GET).until("hello");
  undo();
  undo();
  await (await connect()).send(GET).until("hello");
  assert.equal(await tree(reporter), "\nGET  server 200");
  assert.equal(Object.hasOwn(http.Server.prototype, "emit"), false);
});

test("set-up 1: tracing twice patches nothing twice; the latest counts until it is undone", async (t) => {
  const first = await serving(t, (_request, response) => response.end("hello"));
  const patchedOnce = http.Server.prototype.emit;
  const reporter = new MemoryReporter();
  const undo = traceServers(new Tracing(new Tracer({ reporter })).http);
  assert.equal(http.Server.prototype.emit, patchedOnce);
  await (await first.connect()).send(GET).until("hello");
  await reporter.waitFor(1);
  undo();
  await (await first.connect()).send(GET).until("hello");
  await first.reporter.waitFor(1);
  assert.deepEqual([reporter.spans.length, first.reporter.spans.length], [1, 1]);
});

test("server request 8: an error thrown out of the 'request' event is recorded, and the same error thrown on", async (t) => {
  const broken = new Error("broken");
  const { reporter, server } = await serving(t, () => {
    throw broken;
  });
  // Emitted by hand: what a listener throws otherwise ends in 'uncaughtException'.
  const request = new http.IncomingMessage(null as never);
  const response = new http.ServerResponse(request);
  Object.assign(request, { method: "GET", url: "/" });
  assert.throws(
    () => server.emit("request", request, response),
    (error) => error === broken,
  );
  response.emit("close");
  assert.match(await tree(reporter), /^\nGET {2}server error=Error$/);
});

test("events that an application emits itself, with whatever arguments, pass as without tracing", async (t) => {
  const { reporter, server } = await serving(t, undefined);
  const stub = { method: "GET", url: "/", headers: {} };
  const frozen = { request: Object.freeze({ ...stub }), response: new http.ServerResponse(stub as never) };
  const emitted: [event: string, ...args: unknown[]][] = [
    ["request"],
    ["request", null, null],
    ["request", stub, { end() {} }],
    ["request", stub, Object.freeze(new http.ServerResponse(stub as never))],
    ["request", frozen.request, frozen.response],
    ["request", new http.IncomingMessage(null as never), new http.ServerResponse(stub as never), "a third"],
    ["upgrade"],
    ["upgrade", stub, {}],
    ["connect", "peer"],
    ["timeout"],
    ["clientError", new Error("no socket")],
  ];
  for (const [event, ...args] of emitted) {
    const seen: unknown[][] = [];
    const listener = (...got: unknown[]): void => void seen.push(got);
    server.once(event, listener);
    assert.equal(server.emit(event, ...args), true);
    assert.deepEqual(seen, [args], event);
  }
  frozen.response.emit("close");
  assert.match(await tree(reporter), /^\nGET {2}server error=\w+$/);
});

test("checkContinue: the request that it is handed on as has the same single span", async (t) => {
  const { reporter, server, connect } = await serving(t, (_request, response) => response.end("hello"));
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    server.emit("request", request, response);
  });
  const client = await connect();
  const answer = await client.send(GET.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n")).until("hello");
  assert.match(answer, /^HTTP\/1.1 100 .*HTTP\/1.1 200/s);
  assert.equal(await tree(reporter), "\nGET  server 200");
});

test("checkExpectation is traced, and so is the refusal that Node writes by itself", async (t) => {
  const { reporter, server, connect } = await serving(t, undefined);
  server.on("checkExpectation", (_request, response) => response.writeHead(417).end());
  await (await connect()).send(GET.replace("\r\n\r\n", "\r\nexpect: a-miracle\r\n\r\n")).until("417");
  assert.equal(await tree(reporter), "\nGET  server 417");
});

test("an upgrade is a span from the request to the end of the session, with the handshake's status", async (t) => {
  const { reporter, tracing, server, connect } = await serving(t, undefined);
  server.on("upgrade", (_request, socket) => {
    tracing.startActiveSpan("handshake", () => {});
    assert.equal(Object.keys(socket).includes("_write"), false);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert.equal(Object.hasOwn(socket, "_write"), false);
    socket.pipe(socket);
  });
  const client = await connect();
  await client.send(UPGRADE).until("101");
  await client.send("echo").until("echo");
  assert.equal(reporter.spans.length, 1, "the session is still open");
  client.leave();
  assert.equal(
    await tree(reporter, 2, { tags: ["http.upgrade"] }),
    "\nGET  server 101 http.upgrade=websocket\n  handshake",
  );
});

test("an upgrade that the application refuses has the status of the refusal", async (t) => {
  const { reporter, server, connect } = await serving(t, undefined);
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n"));
  await (await connect()).send(UPGRADE).end();
  assert.equal(await tree(reporter), "\nGET  server 401");
});

test("what fails behind the handshake of an upgrade is the session's error, in front of it the refusal's", async (t) => {
  const { reporter, tracing, server, connect } = await serving(t, undefined);
  for (const answer of ["101 Switching Protocols", "403 Forbidden"]) {
    const handler = tracing.trace()(async (_request: IncomingMessage, socket: Duplex) => {
      if (answer.startsWith("101")) socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
      throw new Error("refused");
    });
    server.removeAllListeners("upgrade").on("upgrade", (request, socket) => {
      handler(request, socket).catch(() => socket.end(`HTTP/1.1 ${answer}\r\n\r\n`));
    });
    await (await connect()).send(UPGRADE).end();
  }
  assert.equal(await tree(reporter, 2), "\nGET  server 101 error=Error\nGET  server 403");
});

test("an upgrade without an answer, and one that is reset, are recorded as that", async (t) => {
  const { reporter, server, connect } = await serving(t, undefined);
  server.on("upgrade", (_request, socket) => void socket.destroy());
  await (await connect()).send(UPGRADE).end();
  server.removeAllListeners("upgrade");
  server.on("upgrade", (_request, socket) => void socket.on("error", () => {}).write("HTTP/1.1 101 Yes\r\n\r\n"));
  const client = await connect();
  await client.send(UPGRADE).until("101");
  client.reset();
  assert.equal(await tree(reporter, 2), "\nGET  server error=response_cut\nGET  server 101 error=connection_reset");
});

test("an upgrade over a stream that brings its own _write goes on writing to it", async (t) => {
  const { reporter, server } = await serving(t, undefined);
  const written: string[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  server.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    socket.write("session");
    socket.destroy();
  });
  server.emit("connection", stream);
  stream.push(UPGRADE);
  assert.equal(await tree(reporter), "\nGET  server 101");
  assert.deepEqual(written, ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "session"]);
});

test("CONNECT is a span named after its method, for its authority", async (t) => {
  const { reporter, server, connect } = await serving(t, undefined);
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 200 Connection established\r\n\r\n"));
  await (await connect()).send("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n").end();
  assert.equal(await tree(reporter, 1, { tags: ["http.url"] }), "\nCONNECT  server 200 http.url=example.com:443");
});

const ENDS: [name: string, listener: Listener, sent: string, later: string, expected: string][] = [
  [
    "response.destroy(error)",
    (_, response) => response.on("error", () => {}).destroy(new Error("x")),
    GET,
    "",
    "error=response_cut",
  ],
  ["request.destroy()", (request) => request.on("error", () => {}).destroy(), GET, "", "error=response_cut"],
  ["socket.destroy()", (request) => request.socket.destroy(), GET, "", "error=response_cut"],
  [
    "content-length promised, socket cut",
    (request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("one", () => request.socket.destroy());
    },
    GET,
    "",
    "200 error=response_cut",
  ],
  [
    "a broken chunk, answered by Node",
    (request) => request.on("error", () => {}).resume(),
    CHUNKED,
    "zz\r\n",
    "400 error=invalid_request",
  ],
  [
    "a broken chunk after the headers",
    (request, response) => {
      request.on("error", () => {}).resume();
      response.write("one");
    },
    CHUNKED,
    "zz\r\n",
    "200 error=invalid_request",
  ],
];
for (const [name, listener, sent, later, expected] of ENDS) {
  test(`end: ${name}`, async (t) => {
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const { reporter, connect } = await serving(t, (request, response) => {
      listener(request, response);
      begun();
    });
    const client = (await connect()).send(sent);
    await started;
    if (later !== "") client.send(later);
    await client.end();
    assert.equal(await tree(reporter), `\n${sent.slice(0, sent.indexOf(" "))}  server ${expected}`);
  });
}

test("end: requestTimeout while uploading is a time-out, with the 408 that Node answers", async (t) => {
  const { reporter, server, connect } = await serving(t, (request) => request.on("error", () => {}).resume(), {
    serverOptions: { connectionsCheckingInterval: 20 },
  });
  // Short from when the headers are here: connecting and sending them must not use it up.
  server.once("request", () => Object.assign(server, { requestTimeout: 60 }));
  const client = await connect();
  assert.match(await client.send(CHUNKED).end(), /^HTTP\/1.1 408/);
  assert.equal(await tree(reporter), "\nPOST  server 408 error=timeout");
});

test("end: headersTimeout, and a request that is not HTTP, never become requests and leave no span", async (t) => {
  const { reporter, connect } = await serving(t, (_request, response) => response.end("hello"), {
    serverOptions: { requestTimeout: 60, headersTimeout: 40, connectionsCheckingInterval: 20 },
  });
  await (await connect()).send("GET / HTTP/1.1\r\nhos").end();
  await (await connect()).send("nonsense\r\n\r\n").end();
  assert.equal(reporter.spans.length, 0);
});

test("end: response.end() on a connection that is gone does not make the response whole", async (t) => {
  let begun = (): void => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const { reporter, connect } = await serving(t, (request, response) => {
    request.on("error", () => {}).resume();
    request.on("aborted", () => response.end("late"));
    begun();
  });
  const client = (await connect()).send(CHUNKED);
  await started;
  client.reset();
  assert.match(await tree(reporter), /error=connection_reset/);
});

test("end: a response that is destroyed because its connection broke is that connection's affair", async (t) => {
  const { reporter, connect } = await serving(t, (request, response) => {
    // Koa's way with a streamed body: the socket's error destroys the body, and `pipeline` the response for that.
    request.socket.on("error", () => response.destroy(new Error("Premature close")));
    response.write("one");
  });
  const client = (await connect()).send(GET);
  await client.until("one");
  client.reset();
  assert.equal(await tree(reporter), "\nGET  server 200 error=connection_reset");
});

test("end: a response that is ended and destroyed at once is the application's affair", async (t) => {
  const { reporter, connect } = await serving(t, (_request, response) => {
    response.writeHead(500);
    response.end("lost");
    response.destroy(new Error("its body failed"));
  });
  await (await connect()).send(GET).end();
  assert.match(
    await tree(reporter, 1, { logs: true }),
    /^\nGET {2}server 500 error=response_cut\n.* error\.object=Error: its body failed$/,
  );
});

test("end: a client that leaves with all that content-length announced has the whole response, before end() is called too", async (t) => {
  const continued = GET.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
  for (const [head, length, expected] of [
    [GET, 5, "200"],
    [GET, 6, "200 error=client_disconnect"],
    [continued, 5, "200"],
    [continued, 6, "200 error=client_disconnect"],
    [continued, 30, "200 error=client_disconnect"],
  ] as const) {
    const { reporter, connect } = await serving(t, (_request, response) => {
      response.setHeader("content-length", length);
      response.write("hello");
    });
    const client = await connect();
    await client.send(head).until("hello");
    client.leave();
    assert.equal(await tree(reporter), `\nGET  server ${expected}`);
  }
});

test("filter false and traceAll false: no span, and nothing active", async (t) => {
  for (const options of [{ filter: () => false }, { traceAll: false }]) {
    const seen: unknown[] = [];
    const { reporter, tracing, connect, undo } = await serving(
      t,
      (request, response) => {
        seen.push(tracing.activeSpan(), tracing.getSpan(request), tracing.getSpan(response));
        response.end("hello");
      },
      { options },
    );
    await (await connect()).send(GET).until("hello");
    undo();
    assert.deepEqual(seen, [undefined, undefined, undefined]);
    assert.equal(reporter.spans.length, 0);
  }
});

test("no listener but one on the response, and none on request, socket or server", async (t) => {
  const counts = (request: IncomingMessage, response: ServerResponse): unknown =>
    [request, response, request.socket].map((emitter) =>
      emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]),
    );
  const listener: Listener = (request, response) => response.end(JSON.stringify(counts(request, response)));
  const plain = await serving(t, listener, { patched: false });
  const without = (await (await plain.connect()).send(GET).until("]]]")).split("\r\n\r\n")[1]!;
  const traced = await serving(t, listener);
  const with_ = (await (await traced.connect()).send(GET).until("]]]")).split("\r\n\r\n")[1]!;
  const [before, after] = [without, with_].map((text) =>
    JSON.parse(text.slice(text.indexOf("[["), text.lastIndexOf("]]]") + 3)),
  );
  assert.deepEqual(after[0], before[0]);
  assert.deepEqual(after[2], before[2]);
  assert.deepEqual(
    after[1].filter(([name]: [string]) => name !== "close"),
    before[1].filter(([name]: [string]) => name !== "close"),
  );
});

test("a tracer that fails in every way leaves requests served, and is counted", async (t) => {
  const fail = (): never => {
    throw new Error("tracer");
  };
  const badSpan = { setTag: fail, addTags: fail, log: fail, finish: fail, context: () => ({}), setOperationName: fail };
  const tracers = [
    { startSpan: fail, inject: fail, extract: fail },
    { startSpan: () => undefined, inject() {}, extract: () => null },
    { startSpan: () => badSpan, inject() {}, extract: fail },
  ];
  for (const tracer of tracers) {
    resetDiagnostics();
    const server = http.createServer((_request, response) => response.end("hello"));
    const undo = traceServers(new Tracing(tracer as never, { tracedAttributes: ["method"] }).http);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = await RawClient.connect((server.address() as AddressInfo).port);
    assert.match(await client.send(GET).until("hello"), /^HTTP\/1.1 200/);
    client.leave();
    await client.end();
    undo();
    server.close();
    t.diagnostic(JSON.stringify(diagnostics()));
    assert.ok((diagnostics()["tracer.error"] ?? 0) + (diagnostics()["callback.error"] ?? 0) > 0);
  }
});
