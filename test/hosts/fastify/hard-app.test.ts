// A deliberately hard application in Fastify 4 and 5, traced by initTracing's way alone: each request's span written out.

import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { FASTIFY_5, RELEASES } from "./contract-app.js";

const reporter = new MemoryReporter();
const tracing = new Tracing(new Tracer({ reporter }));
let undo: () => void;
before(() => {
  undo = traceServers(tracing.http);
});
after(() => undo());

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ROUTE = ["component", "http.route"];

/** `failing` after the first word has left. */
async function* words(reply: { raw: http.ServerResponse }, failing: boolean): AsyncGenerator<string> {
  yield "one ";
  while (!reply.raw.headersSent) await tick();
  if (failing) throw new Error("the source broke");
  yield "two";
}

function routes(app: FastifyInstance): void {
  // Hooks of the root that reply early, each in its own style.
  app.addHook("onRequest", (request, reply, done) => {
    if (request.headers["x-early"] === "onRequest") reply.code(401).send("early");
    else done();
  });
  app.addHook("preValidation", async (request, reply) => {
    if (request.headers["x-early"] === "preValidation") await reply.code(403).send("early");
  });
  app.addHook("preHandler", async (request, reply) => {
    const early = request.headers["x-early"];
    if (early === "preHandler") return reply.code(429).send("early");
    if (early === "throw") throw new Error("the hook threw");
    await tick();
    if (early === "reject") throw new Error("the hook rejected");
    return undefined;
  });
  app.addHook("onSend", async (request, _reply, payload) => {
    if (request.headers["x-early"] === "onSend") throw new Error("onSend rejected");
    return payload;
  });

  app.get("/", async () => "root");
  app.get("/*", async () => "wildcard");
  app.get("/files/:file(^\\d+).png", async (request) => (request.params as { file: string }).file);
  app.get("/near/:lat-:lng/radius/:r", async () => "near");
  app.get("/versioned", { constraints: { version: "1.2.0" } }, async () => "1");
  app.get("/versioned", { constraints: { version: "2.0.0" } }, async () => "2");
  app.options("/files/:file", (_request, reply) => void reply.header("allow", "GET").send());
  app.post(
    "/orders",
    { schema: { body: { type: "object", required: ["id"], properties: { id: { type: "integer" } } } } },
    async (request) => {
      tracing.startActiveSpan("save order", () => {});
      return request.body;
    },
  );
  app.get("/handed-over", (_request, reply) => {
    reply.hijack();
    reply.raw.end("raw");
  });
  app.get("/sent-then-thrown", async (_request, reply) => {
    reply.hijack();
    reply.raw.write("raw");
    while (!reply.raw.headersSent) await tick();
    setImmediate(() => reply.raw.end());
    throw new Error("after the reply");
  });
  app.get("/missing", (_request, reply) => reply.callNotFound());
  app.get("/stream", (_request, reply) => reply.send(Readable.from(words(reply, false))));
  app.get("/stream-breaks", (_request, reply) => reply.send(Readable.from(words(reply, true))));
  app.get("/web-stream", (_request, reply) => reply.send(Readable.toWeb(Readable.from(words(reply, false)))));
  app.get("/web-stream-breaks", (_request, reply) => reply.send(Readable.toWeb(Readable.from(words(reply, true)))));
  app.get("/response-breaks", async (_request, reply) => {
    return new Response(Readable.toWeb(Readable.from(words(reply, true))) as ReadableStream, { status: 201 });
  });
  app.get("/send-error", (_request, reply) => void reply.send(new Error("sent")));
  app.get("/throw-text", () => {
    throw "a text"; // as some do
  });
  app.get(
    "/own-error-handler",
    { errorHandler: (_error, _request, reply) => void reply.code(503).send({ sorry: true }) },
    async () => {
      throw new Error("for the route's error handler");
    },
  );

  app.register(
    async (api) => {
      api.setNotFoundHandler((_request, reply) => void reply.code(404).send("not in the API"));
      api.setErrorHandler((error, _request, reply) => {
        if ((error as Error).message === "forgiven") reply.code(422).send({ plain: true });
        else reply.code(500).send({ plain: true });
      });
      api.get("/", async () => "api");
      api.register(
        async (orgs) => {
          orgs.addHook("onRequest", async () => {});
          orgs.get("/orders/:order", async (request) => {
            await tick();
            return tracing.startActiveSpan("load order", () => request.params);
          });
          orgs.get("/fails", async () => {
            throw new Error("unforgiven");
          });
          orgs.get("/forgiven", async () => {
            throw new Error("forgiven");
          });
        },
        { prefix: "/orgs/:org" },
      );
    },
    { prefix: "/api" },
  );
}

for (const { name, fastify } of RELEASES) {
  // Fastify 5 wants the router's options apart, which 4 does not know.
  const options = name.includes("5") ? { routerOptions: { ignoreTrailingSlash: true } } : { ignoreTrailingSlash: true };

  describe(name, () => {
    let app: FastifyInstance;
    let port: number;
    before(async () => {
      app = fastify({ ...options, rewriteUrl: ({ url = "/" }) => url.replace("/old/", "/api/") });
      routes(app);
      await app.listen({ port: 0, host: "127.0.0.1" });
      port = (app.server.address() as AddressInfo).port;
    });
    after(() => {
      app.server.closeAllConnections();
      return app.close();
    });

    /** Sends a request, expects its status and its span tree. */
    async function expectTree(head: string, status: number, tree: string, body = ""): Promise<void> {
      reporter.clear();
      const [line, ...headers] = head.split("\n");
      const client = await RawClient.connect(port);
      client.send([`${line} HTTP/1.1`, "host: a", "connection: close", ...headers, "", body].join("\r\n"));
      const answer = await client.end();
      assert.equal(answer.slice(9, 12), String(status), answer);
      await reporter.waitFor(1 + (tree.match(/\n {2}\w/g)?.length ?? 0));
      assert.equal(spanTree(reporter.spans, { tags: ["http.route"], logs: true }), tree);
    }

    test("routes have their whole pattern, prefixes of encapsulated plug-ins included", async () => {
      await expectTree("GET /", 200, "\nGET /  server 200 http.route=/");
      await expectTree("GET /api", 200, "\nGET /api  server 200 http.route=/api");
      await expectTree(
        "GET /api/orgs/7/orders/9?page=2",
        200,
        "\nGET /api/orgs/:org/orders/:order  server 200 http.route=/api/orgs/:org/orders/:order\n  load order",
      );
      await expectTree(
        "GET /api/orgs/7/orders/9/",
        200,
        "\nGET /api/orgs/:org/orders/:order  server 200 http.route=/api/orgs/:org/orders/:order\n  load order",
      );
      assert.equal(spanTree(reporter.spans.slice(-1), { tags: ROUTE }).includes("component=fastify"), true);
    });

    test("wildcards, regular expressions, several parameters in a segment, and versions", async () => {
      await expectTree("GET /any/thing", 200, "\nGET /*  server 200 http.route=/*");
      await expectTree(
        "GET /files/12.png",
        200,
        "\nGET /files/:file(^\\d+).png  server 200 http.route=/files/:file(^\\d+).png",
      );
      await expectTree(
        "GET /near/1-2/radius/3",
        200,
        "\nGET /near/:lat-:lng/radius/:r  server 200 http.route=/near/:lat-:lng/radius/:r",
      );
      await expectTree(
        "GET /versioned\naccept-version: 2.x",
        200,
        "\nGET /versioned  server 200 http.route=/versioned",
      );
    });

    test("a rewritten URL is named after the route that it leads to", async () => {
      await expectTree("GET /old/orgs/1/fails", 500, failed("/api/orgs/:org/fails", "500", "unforgiven"));
    });

    test("HEAD and OPTIONS", async () => {
      await expectTree(
        "HEAD /api/orgs/7/orders/9",
        200,
        "\nHEAD /api/orgs/:org/orders/:order  server 200 http.route=/api/orgs/:org/orders/:order\n  load order",
      );
      await expectTree("OPTIONS /files/a.txt", 200, "\nOPTIONS /files/:file  server 200 http.route=/files/:file");
    });

    test("where no route answers, the method is the name, in every encapsulated part", async () => {
      await expectTree("POST /nowhere", 404, "\nPOST  server 404");
      await expectTree("POST /api/nowhere", 404, "\nPOST  server 404");
      await expectTree("GET /missing", 404, "\nGET /missing  server 404 http.route=/missing");
      await expectTree("GET /%zz", 400, "\nGET  server 400");
    });

    test("hooks that reply early", async () => {
      const route = "/api/orgs/:org/orders/:order";
      for (const [early, status] of [
        ["onRequest", 401],
        ["preValidation", 403],
        ["preHandler", 429],
      ] as const) {
        await expectTree(
          `GET /api/orgs/7/orders/9\nx-early: ${early}`,
          status,
          `\nGET ${route}  server ${status} http.route=${route}`,
        );
      }
      await expectTree("POST /nowhere\nx-early: onRequest", 401, "\nPOST  server 401");
    });

    test("hooks that throw or reject", async () => {
      await expectTree("GET /any\nx-early: throw", 500, failed("/*", "500", "the hook threw"));
      await expectTree("GET /any\nx-early: reject", 500, failed("/*", "500", "the hook rejected"));
      await expectTree("GET /any\nx-early: onSend", 500, failed("/*", "500", "onSend rejected"));
    });

    test("errors reach the span, whoever answers them, unless they are answered below 500", async () => {
      await expectTree("GET /send-error", 500, failed("/send-error", "500", "sent"));
      await expectTree(
        "GET /own-error-handler",
        503,
        failed("/own-error-handler", "503", "for the route's error handler"),
      );
      await expectTree("GET /api/orgs/1/fails", 500, failed("/api/orgs/:org/fails", "500", "unforgiven"));
      await expectTree(
        "GET /api/orgs/1/forgiven",
        422,
        "\nGET /api/orgs/:org/forgiven  server 422 http.route=/api/orgs/:org/forgiven",
      );
      await expectTree(
        "GET /throw-text",
        500,
        "\nGET /throw-text  server 500 error http.route=/throw-text\n  - error error.object=a text",
      );
    });

    test("a body that is parsed: the span is active behind it; one that is invalid is no error", async () => {
      const headers = "content-type: application/json\ncontent-length";
      await expectTree(
        `POST /orders\n${headers}: 8`,
        200,
        "\nPOST /orders  server 200 http.route=/orders\n  save order",
        '{"id":1}',
      );
      for (const body of ['{"id":"x"}', "{broken"]) {
        await expectTree(
          `POST /orders\n${headers}: ${body.length}`,
          400,
          "\nPOST /orders  server 400 http.route=/orders",
          body,
        );
      }
    });

    test("streams: whole, and one that breaks after the headers", async () => {
      await expectTree("GET /stream", 200, "\nGET /stream  server 200 http.route=/stream");
      await expectTree("GET /web-stream", 200, "\nGET /web-stream  server 200 http.route=/web-stream");
      for (const [path, status] of [
        ["/stream-breaks", 200],
        ["/web-stream-breaks", 200],
        ["/response-breaks", 201],
      ] as const) {
        reporter.clear();
        const client = await RawClient.connect(port);
        await client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).end();
        await reporter.waitFor(1);
        assert.equal(spanTree(reporter.spans), `\nGET ${path}  server ${status} error=Error`);
        assert.equal(String(reporter.spans[0]!.logs[0]!.fields["error.object"]), "Error: the source broke");
      }
    });

    test("replies that are handed over to Node", async () => {
      await expectTree("GET /handed-over", 200, "\nGET /handed-over  server 200 http.route=/handed-over");
      await expectTree("GET /sent-then-thrown", 200, failed("/sent-then-thrown", "200", "after the reply"));
    });

    test("keep-alive and pipelining: one span each, in order", async () => {
      reporter.clear();
      const client = await RawClient.connect(port);
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
      await client
        .send(get("/api/orgs/1/orders/first") + get("/nowhere/else") + get("/missing"))
        .until("Route GET:/missing");
      client.leave();
      await reporter.waitFor(4);
      assert.equal(
        spanTree(reporter.spans),
        "\nGET /api/orgs/:org/orders/:order  server 200\n  load order\nGET /*  server 200\nGET /missing  server 404",
      );
    });

    test("an upload that is aborted while Fastify reads it, and a client that leaves a stream", async () => {
      reporter.clear();
      const client = await RawClient.connect(port);
      const arrived = new Promise((resolve) => app.server.once("request", resolve));
      client.send("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
      await arrived;
      client.leave();
      await reporter.waitFor(1);
      assert.equal(spanTree(reporter.spans), "\nPOST /orders  server error=request_aborted");
    });

    test("inject, which has no server, is served untraced", async () => {
      reporter.clear();
      const { statusCode, body } = await app.inject("/api/orgs/7/orders/9");
      assert.deepEqual([statusCode, JSON.parse(body)], [200, { org: "7", order: "9" }]);
      assert.equal((await app.inject("/send-error")).statusCode, 500);
      assert.deepEqual(
        reporter.spans.map((span) => span.operationName),
        ["load order"],
      );
    });
  });
}

function failed(route: string, status: string, message: string): string {
  return `\nGET ${route}  server ${status} error=Error http.route=${route}\n  - error error.object=Error: ${message}`;
}

test("Fastify 5: a handler that takes too long", async () => {
  reporter.clear();
  const app = FASTIFY_5.fastify();
  app.get("/slow", { handlerTimeout: 20 }, () => new Promise(() => {}));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const client = await RawClient.connect((app.server.address() as AddressInfo).port);
  await client.send("GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").end();
  await reporter.waitFor(1);
  assert.match(spanTree(reporter.spans), /^\nGET \/slow {2}server 503 error=\w+$/);
  await app.close();
});

test("a connection that is idle for too long, with the hooks for time-outs and aborts", async () => {
  for (const { fastify } of RELEASES) {
    reporter.clear();
    const app = fastify({ connectionTimeout: 60_000 });
    // Short from when the request is here: connecting must not use it up.
    app.server.once("request", (request: http.IncomingMessage) => request.socket.setTimeout(30));
    const hooks: string[] = [];
    app.addHook("onTimeout", async () => void hooks.push("onTimeout"));
    app.addHook("onRequestAbort", async (_request) => void hooks.push("onRequestAbort"));
    app.get("/never", () => new Promise(() => {}));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const client = await RawClient.connect((app.server.address() as AddressInfo).port);
    await client.send("GET /never HTTP/1.1\r\nhost: a\r\n\r\n").end();
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans), "\nGET /never  server error=timeout");
    assert.equal(hooks[0], "onTimeout");
    await app.close();
  }
});

test("a server that the application makes itself", async () => {
  for (const { fastify } of RELEASES) {
    reporter.clear();
    const app = fastify({
      serverFactory: (handler) => http.createServer((request, response) => handler(request, response)),
    });
    app.get("/orders/:id", async () => "ok");
    await app.listen({ port: 0, host: "127.0.0.1" });
    const client = await RawClient.connect((app.server.address() as AddressInfo).port);
    await client.send("GET /orders/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").end();
    await reporter.waitFor(1);
    assert.equal(spanTree(reporter.spans), "\nGET /orders/:id  server 200");
    await app.close();
  }
});
