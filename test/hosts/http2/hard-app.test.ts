// node:http2 servers beyond the contract: streams and requests side by side, pushes, tunnels, files, cancels, sessions.

import assert from "node:assert/strict";
import { type EventEmitter, once } from "node:events";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import http2, {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MemoryReporter, Tracer, Tracing, type TracingOptions, traceServer } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { tagOf } from "#src/tags.js";
import { CERTIFICATE } from "../node-http/contract-app.js";
import { get, play, read, requests, streams } from "./play.js";

const { constants } = http2;

test("many streams of one session, answered out of order, each in its own span", () =>
  play(
    (server, tracing) => {
      const waiting: (() => void)[] = [];
      server.on("stream", async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === 20) for (const one of waiting.reverse()) one();
        });
        tracing.startActiveSpan(`child ${headers[":path"]}`, (span) => span.finish());
        stream.respond({ ":status": 200 });
        stream.end(headers[":path"]);
      });
    },
    async ({ session, reporter }) => {
      const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
      assert.deepEqual(await Promise.all(paths.map((path) => get(session, { ":path": path }))), paths);
      await reporter.waitFor(40);
      for (const span of reporter.spans.filter(({ operationName }) => operationName === "GET")) {
        const trace = reporter.spans.filter(({ context }) => context.traceId0 === span.context.traceId0);
        assert.equal(spanTree(trace), `\nGET  server 200\n  child ${tagOf(span.tags, "http.url")}`);
      }
    },
  ));

test("callbacks get Node's request where requests are listened to, and one like it where streams are", async () => {
  const seen: unknown[] = [];
  const options: TracingOptions = {
    tracedAttributes: ["headers.x-own", "scheme", "authority"],
    filter: (request: Http2ServerRequest) => request.url !== "/health",
    startSpanCb(_, request: Http2ServerRequest) {
      seen.push([request instanceof http2.Http2ServerRequest, request.method, request.url, request.scheme]);
      assert.equal(request.stream.constructor.name, "ServerHttp2Stream");
      assert.equal(request.headers[":path"], request.url);
    },
  };
  const tree =
    "\nGET  server 204 headers.x-own=1 scheme=http authority=a.example http.host=a.example http.scheme=http component=node:http2";
  for (const prepare of [
    requests((_, response) => void response.writeHead(204).end()),
    streams((stream) => stream.respond({ ":status": 204 }, { endStream: true })),
  ]) {
    await play(
      prepare,
      async ({ session, reporter }) => {
        for (const path of ["/health", "/x"]) {
          await get(session, { ":path": path, ":authority": "a.example", "x-own": "1" });
        }
        await reporter.waitFor(1);
        const tags = ["headers.x-own", "scheme", "authority", "http.host", "http.scheme", "component"];
        assert.equal(spanTree(reporter.spans, { tags }), tree);
      },
      { options },
    );
  }
  assert.deepEqual(seen, [
    [true, "GET", "/x", "http"],
    [false, "GET", "/x", "http"],
  ]);
});

test("where streams and requests are listened to, both are in the one span", () =>
  play(
    (server, tracing) => {
      server.on("stream", (stream) => {
        assert.equal(tracing.activeSpan(), tracing.getSpan(stream));
        tracing.startActiveSpan("by stream", (span) => span.finish());
      });
      server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
        const span = tracing.getSpan(request.stream);
        assert.ok(span !== undefined);
        for (const one of [tracing.activeSpan(), tracing.getSpan(request), tracing.getSpan(response)]) {
          assert.equal(one, span);
        }
        tracing.startActiveSpan("by request", (child) => child.finish());
        response.end("hello");
      });
    },
    async ({ session, reporter }) => {
      await get(session, {});
      await reporter.waitFor(3);
      assert.equal(spanTree(reporter.spans), "\nGET  server 200\n  by stream\n  by request");
    },
  ));

test("a method that nobody knows is a tag and no name", () =>
  play(
    requests((_, response) => response.end()),
    async ({ session, reporter }) => {
      await get(session, { ":method": "BREW-17" });
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans, { tags: ["http.method"] }), "\nHTTP  server 200 http.method=BREW-17");
    },
  ));

test("what is pushed belongs to its request", () =>
  play(
    streams((stream) => {
      stream.pushStream({ ":path": "/style.css" }, (error, pushed) => {
        assert.equal(error, null);
        pushed.on("error", () => {}).respond({ ":status": 200 });
        pushed.end("css");
        stream.respond({ ":status": 200 });
        stream.end("page");
      });
    }),
    async ({ session, reporter }) => {
      const pushes: Promise<string>[] = [];
      session.on("stream", (pushed) => pushes.push(read(pushed)));
      assert.equal(await get(session, {}), "page");
      assert.deepEqual(await Promise.all(pushes), ["css"]);
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nGET  server 200");
    },
  ));

test("early hints, trailers, a file, a 404, HEAD and OPTIONS", async () => {
  const file = join(tmpdir(), `node-opentracing-${process.pid}.txt`);
  await writeFile(file, "from a file");
  await play(
    streams((stream, headers) => {
      switch (headers[":path"]) {
        case "/hints":
          stream.additionalHeaders({ ":status": 103, link: "</style.css>" });
          stream.respond({ ":status": 200 }, { waitForTrailers: true });
          stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
          stream.end("hints");
          break;
        case "/file":
          stream.respondWithFile(file);
          break;
        case "/ok":
          stream.respond({ ":status": 200 });
          if (headers[":method"] !== "HEAD") stream.end("ok");
          break;
        default:
          stream.respond({ ":status": 404 }, { endStream: true });
      }
    }),
    async ({ session, reporter }) => {
      assert.equal(await get(session, { ":path": "/hints" }), "hints");
      assert.equal(await get(session, { ":path": "/file" }), "from a file");
      await get(session, { ":path": "/none" });
      await get(session, { ":method": "HEAD", ":path": "/ok" });
      await get(session, { ":method": "OPTIONS", ":path": "/ok" });
      await reporter.waitFor(5);
      assert.equal(
        spanTree(reporter.spans, { tags: ["http.url"] }),
        `
GET  server 200 http.url=/hints
GET  server 200 http.url=/file
GET  server 404 http.url=/none
HEAD  server 200 http.url=/ok
OPTIONS  server 200 http.url=/ok`,
      );
    },
  );
});

test("a tunnel and a WebSocket are one span each, until their streams close", () =>
  play(
    streams((stream) => {
      stream.respond({ ":status": 200 });
      stream.on("data", (chunk) => stream.write(chunk));
    }),
    async ({ session, reporter }) => {
      await once(session, "remoteSettings");
      const tunnel = session.request({ ":method": "CONNECT", ":authority": "db.example:5432" });
      const socket = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" });
      for (const stream of [tunnel, socket]) {
        stream.on("error", () => {}).write("ping");
        assert.equal(String((await once(stream, "data"))[0]), "ping");
      }
      assert.equal(reporter.spans.length, 0);
      tunnel.close(constants.NGHTTP2_CANCEL);
      socket.close();
      await reporter.waitFor(2);
      const tags = { tags: ["http.url", "http.upgrade"] };
      const [first, second] = [...reporter.spans].sort((a, b) => a.startTime - b.startTime);
      assert.equal(spanTree([first!], tags), "\nCONNECT  server 200 http.url=db.example:5432");
      assert.equal(spanTree([second!], tags), "\nCONNECT  server 200 http.url=/chat http.upgrade=websocket");
    },
    { server: http2.createServer({ settings: { enableConnectProtocol: true } }) },
  ));

test("a CONNECT that nobody listens for is refused, and is an ordinary request", () =>
  play(
    requests(() => assert.fail()),
    async ({ session, reporter }) => {
      await get(session, { ":method": "CONNECT", ":authority": "db.example:5432" });
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nCONNECT  server 405");
    },
  ));

test("expectations: 100-continue is answered, others are refused or listened to", () =>
  play(
    (server) => {
      server.on("request", async (request: Http2ServerRequest, response: Http2ServerResponse) => {
        for await (const _ of request);
        response.end("read");
      });
      server.on("checkExpectation", (_, response: Http2ServerResponse) => void response.writeHead(417).end());
    },
    async ({ session, reporter }) => {
      assert.equal(await get(session, { ":method": "POST", expect: "100-continue" }, "body"), "read");
      await get(session, { expect: "miracles" });
      await reporter.waitFor(2);
      assert.equal(spanTree(reporter.spans), "\nPOST  server 200\nGET  server 417");
    },
  ));

test("what a listener throws is recorded and thrown on", async () => {
  for (const event of ["request", "stream"] as const) {
    await play(
      (server) => {
        const { emit } = server;
        // In place of the process, which would end.
        server.emit = function caught(this: EventEmitter, ...args: unknown[]): boolean {
          try {
            return Reflect.apply(emit, this, args);
          } catch (error) {
            const [name, first, second] = args as [string, ServerHttp2Stream, Http2ServerResponse];
            if (name !== event) throw error;
            assert.equal((error as Error).message, "thrown");
            if (name === "stream") first.respond({ ":status": 500 }, { endStream: true });
            else second.writeHead(500).end();
            return true;
          }
        } as never;
        server.on(event, () => {
          throw new Error("thrown");
        });
      },
      async ({ session, reporter }) => {
        await get(session, {});
        await reporter.waitFor(1);
        assert.equal(
          spanTree(reporter.spans, { logs: true }),
          "\nGET  server 500 error=Error\n  - error error.object=Error: thrown",
        );
      },
    );
  }
});

test("one server is traced alone, and nothing of Node is patched", async () => {
  const other = http2.createServer();
  const before = [net.Server.prototype.emit, Object.getPrototypeOf(other).emit];
  let prototype: object = {};
  await play(
    requests((request, response) => {
      prototype = Object.getPrototypeOf(Object.getPrototypeOf(request.stream));
      response.end("hello");
    }),
    async ({ session, reporter }) => {
      assert.deepEqual([net.Server.prototype.emit, Object.getPrototypeOf(other).emit], before);
      await get(session, {});
      assert.equal((prototype as { close: { name: string } }).close.name, "close");
      const cancelled = session.request({ ":path": "/two" });
      cancelled.close(constants.NGHTTP2_CANCEL);
      await reporter.waitFor(1);
      assert.match(spanTree(reporter.spans), /^\nGET {2}server 200/);
    },
    { trace: (tracing, server) => traceServer(server, tracing) },
  );
});

test("decorated handlers, of requests and of streams, end as the response does", async () => {
  for (const api of ["requests", "streams"] as const) {
    await play(
      (server, tracing) => {
        const never = tracing.trace("method", "headers.x-own")(() => {});
        server.on(api === "requests" ? "request" : "stream", never);
      },
      async ({ server, session, reporter }) => {
        const begun = once(server, "stream");
        const stream = session.request({ "x-own": "1" });
        await begun;
        stream.close(constants.NGHTTP2_CANCEL);
        await reporter.waitFor(1);
        assert.equal(
          spanTree(reporter.spans, { tags: ["component", "method", "headers.x-own"] }),
          "\nGET  server error=client_disconnect component=node:http2 method=GET headers.x-own=1",
        );
      },
      { options: { traceAll: false }, trace: () => () => {} },
    );
  }
});

test("a secure server that speaks both: HTTP/1.1 requests are node:http's", () =>
  play(
    requests((_, response) => response.end("hello")),
    async ({ origin, session, reporter }) => {
      await get(session, {});
      await new Promise((resolve) =>
        https.get(origin, { rejectUnauthorized: false, agent: false }, (response) =>
          response.resume().on("close", resolve),
        ),
      );
      await reporter.waitFor(2);
      assert.equal(
        spanTree(reporter.spans, { tags: ["component", "http.scheme"] }),
        "\nGET  server 200 component=node:http2 http.scheme=https\nGET  server 200 component=node:http http.scheme=https",
      );
    },
    { server: http2.createSecureServer({ ...CERTIFICATE, allowHTTP1: true }) },
  ));

test("servers of other protocols are left alone", async () => {
  const reporter = new MemoryReporter();
  const undo = traceServers(new Tracing(new Tracer({ reporter })).http);
  const server = net.createServer();
  const seen: unknown[] = [];
  for (const event of ["request", "stream", "connect", "timeout"]) server.on(event, (...args) => seen.push(args));
  const message = { method: "GET", headers: {}, httpVersionMajor: 2 };
  for (const event of ["request", "stream", "connect", "timeout"]) server.emit(event, message, message);
  undo();
  assert.equal(seen.length, 4);
  assert.equal(reporter.spans.length, 0);
  assert.equal(Object.hasOwn(net.Server.prototype, "emit"), false);
  assert.equal(Object.hasOwn(http.Server.prototype, "emit"), false);
});
