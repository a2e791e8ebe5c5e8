// A hard application in hapi, each request's span written out; one server traced alone; and servers without the plug-in.

import assert from "node:assert/strict";
import http from "node:http";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import hapi, { type Server } from "@hapi/hapi";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { hapiTracing } from "node-opentracing/hapi";
import { RawClient, spanTree } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

const reporter = new MemoryReporter();
const tracing = new Tracing(new Tracer({ reporter }));
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function server(): Server {
  return hapi.server({ port: 0, host: "127.0.0.1", debug: false, routes: { cors: true } });
}

async function* words(): AsyncGenerator<string> {
  yield "one ";
  await tick();
  throw new Error("the source broke");
}

function routes(app: Server): void {
  app.ext("onRequest", (request, h) => {
    if (request.path === "/early") return h.response("early").code(401).takeover();
    return h.continue;
  });
  app.ext("onPreHandler", async (request, h) => {
    if (request.query["fail"] === "takeover") return h.response("early").code(403).takeover();
    if (request.query["fail"] === "throw") throw new Error("the extension threw");
    return h.continue;
  });
  app.ext("onPreResponse", (request, h) => {
    const { response } = request;
    if ("isBoom" in response && response.isBoom && response.message === "forgiven")
      return h.response("sorry").code(422);
    return h.continue;
  });
  app.auth.scheme("none", () => ({
    authenticate: (_request, h) => h.unauthenticated(Object.assign(new Error("no"), { statusCode: 401 })),
  }));
  app.auth.strategy("none", "none");
  app.route([
    { method: "GET", path: "/files/{name}.{type}", handler: (request) => request.params["name"] },
    { method: "*", path: "/any/{rest*}", handler: () => "any" },
    { method: "GET", path: "/host", vhost: "b.example", handler: () => "virtual" },
    {
      method: "POST",
      path: "/orders",
      handler: (request) => tracing.startActiveSpan("save order", () => request.payload as object),
    },
    {
      method: "GET",
      path: "/stream",
      handler: (_request, h) => h.response(Readable.from(words(), { objectMode: false })),
    },
    {
      method: "GET",
      path: "/forgiven",
      handler: () => {
        throw new Error("forgiven");
      },
    },
    {
      method: "GET",
      path: "/upstream",
      handler: () => {
        throw Object.assign(new TypeError("upstream"), { status: 404 });
      },
    },
    { method: "GET", path: "/slow", options: { timeout: { server: 20 } }, handler: () => new Promise(() => {}) },
    { method: "GET", path: "/secret", options: { auth: "none" }, handler: () => "secret" },
    { method: "GET", path: "/undefined", handler: () => undefined as never },
  ]);
}

/** Sends a request, and answers its status and span tree. */
async function ask(app: Server, line: string, headers = "", body = ""): Promise<[status: string, tree: string]> {
  reporter.clear();
  const client = await RawClient.connect(app.info.port as number);
  client.send(`${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}\r\n${body}`);
  const answer = await client.end();
  await reporter.waitFor(1);
  return [answer.slice(9, 12), spanTree(reporter.spans, { tags: ["component", "http.route"] })];
}

function tree(name: string, end: string): string {
  const route = name.split(" ")[1];
  return `\n${name}  server ${end} component=hapi${route === undefined ? "" : ` http.route=${route}`}`;
}

let app: Server;
let undo: () => void;
before(async () => {
  undo = traceServers(tracing.http);
  app = server();
  await app.register(hapiTracing);
  routes(app);
  await app.register(
    {
      name: "orgs",
      register(part) {
        part.route({
          method: "GET",
          path: "/orders/{order}",
          handler: async () => {
            await tick();
            return tracing.startActiveSpan("load order", () => "order");
          },
        });
      },
    },
    { routes: { prefix: "/api/orgs/{org}" } },
  );
  await app.start();
});
after(async () => {
  await app.stop({ timeout: 0 });
  undo();
});

test("hapi: routes, with the prefixes of plug-ins", async () => {
  const route = "/api/orgs/{org}/orders/{order}";
  assert.deepEqual(await ask(app, "GET /api/orgs/1/orders/2"), ["200", `${tree(`GET ${route}`, "200")}\n  load order`]);
  assert.deepEqual(await ask(app, "HEAD /api/orgs/1/orders/2"), [
    "200",
    `${tree(`HEAD ${route}`, "200")}\n  load order`,
  ]);
  assert.deepEqual(await ask(app, "GET /files/a.png"), ["200", tree("GET /files/{name}.{type}", "200")]);
  assert.deepEqual(await ask(app, "PUT /any/thing/else"), ["200", tree("PUT /any/{rest*}", "200")]);
  const [status, body] = ["content-type: application/json\r\ncontent-length: 8\r\n", '{"id":1}'];
  assert.deepEqual(await ask(app, "POST /orders", status, body), [
    "200",
    `${tree("POST /orders", "200")}\n  save order`,
  ]);
});

test("hapi: where no route answers, the method is the name", async () => {
  assert.deepEqual(await ask(app, "GET /nowhere"), ["404", tree("GET", "404")]);
  assert.deepEqual(await ask(app, "GET /host"), ["404", tree("GET", "404")]);
  assert.deepEqual(await ask(app, "GET /files/%zz.png"), ["400", tree("GET", "400")]);
  assert.deepEqual(await ask(app, "GET /early"), ["401", tree("GET", "401")]);
  const preflight = "origin: http://b\r\naccess-control-request-method: GET\r\n";
  assert.deepEqual((await ask(app, "OPTIONS /stream", preflight))[1], tree("OPTIONS", "200"));
});

test("hapi: extensions and authentication that answer early", async () => {
  assert.deepEqual(await ask(app, "GET /files/a.b?fail=takeover"), ["403", tree("GET /files/{name}.{type}", "403")]);
  const [status, failed] = await ask(app, "GET /files/a.b?fail=throw");
  assert.deepEqual([status, failed], ["500", tree("GET /files/{name}.{type}", "500 error=Error")]);
  assert.equal(String(reporter.spans[0]!.logs[0]!.fields["error.object"]), "Error: the extension threw");
  assert.match((await ask(app, "GET /secret"))[1], /^\nGET \/secret {2}server/);
});

test("hapi: errors that are answered below 500, time-outs, handlers that answer nothing, streams that break", async () => {
  assert.deepEqual(await ask(app, "GET /forgiven"), ["422", tree("GET /forgiven", "422")]);
  assert.deepEqual(await ask(app, "GET /upstream"), ["500", tree("GET /upstream", "500 error=TypeError")]);
  assert.deepEqual(await ask(app, "GET /slow"), ["503", tree("GET /slow", "503 error=Error")]);
  assert.deepEqual(await ask(app, "GET /undefined"), ["500", tree("GET /undefined", "500 error=Error")]);
  assert.deepEqual(await ask(app, "GET /stream"), ["200", tree("GET /stream", "200 error=Error")]);
  assert.equal(String(reporter.spans[0]!.logs[0]!.fields["error.object"]), "Error: the source broke");
});

test("hapi: an upload that is aborted", async () => {
  reporter.clear();
  const client = await RawClient.connect(app.info.port as number);
  const arrived = new Promise((resolve) => app.listener.once("request", resolve));
  client.send("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{");
  await arrived;
  client.leave();
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nPOST /orders  server error=request_aborted");
});

test("hapi: inject, which has no server, is served untraced", async () => {
  reporter.clear();
  assert.equal((await app.inject("/files/a.png")).statusCode, 200);
  assert.equal(reporter.spans.length, 0);
});

test("hapi without the plug-in: the method is the name", async () => {
  const plain = server();
  routes(plain);
  await plain.start();
  assert.deepEqual(await ask(plain, "GET /files/a.png"), ["200", "\nGET  server 200 component=node:http"]);
  await plain.stop({ timeout: 0 });
});

function traced(options: TracingOptions = {}): { tracing: Tracing; reporter: MemoryReporter } {
  const own = new MemoryReporter();
  return { tracing: new Tracing(new Tracer({ reporter: own }), options), reporter: own };
}

test("hapi: on top of initTracing there is one span a request, by the settings of initTracing", async () => {
  const own = traced();
  const both = server();
  await both.register({ plugin: hapiTracing, options: { tracing: own.tracing } });
  routes(both);
  await both.start();
  assert.deepEqual(await ask(both, "GET /files/a.png"), ["200", tree("GET /files/{name}.{type}", "200")]);
  assert.equal(own.reporter.spans.length, 0);
  await both.stop({ timeout: 0 });
});

test("hapi: two servers traced alone, each by its own settings", async () => {
  undo(); // nothing patched any more
  const one = traced({ tracedAttributes: ["method"] });
  const two = traced({ filter: (request: { url: string }) => !request.url.startsWith("/any") });
  for (const { tracing: own } of [one, two]) {
    const alone = server();
    await alone.register({ plugin: hapiTracing, options: { tracing: own } });
    alone.route({
      method: "GET",
      path: "/{path*}",
      handler: async () => {
        await tick();
        return own.activeSpan() === undefined ? "untraced" : own.startActiveSpan("child", () => "traced");
      },
    });
    await alone.start();
    for (const path of ["/files", "/any"]) {
      const client = await RawClient.connect(alone.info.port as number);
      await client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`).end();
    }
    await alone.stop({ timeout: 0 });
    await own.close();
  }
  const line = "\nGET /{path*}  server 200";
  assert.equal(
    spanTree(one.reporter.spans, { tags: ["method"] }),
    `${line} method=GET\n  child${line} method=GET\n  child`,
  );
  assert.equal(spanTree(two.reporter.spans), `${line}\n  child`);
});

test("hapi: behind listeners that stood there before, the span is active; one of `once` is called once", async () => {
  const own = traced();
  const called: string[] = [];
  const listener = http.createServer(() => void called.push("always"));
  listener.once("request", () => void called.push("once"));
  const alone = hapi.server({ listener, port: 0, host: "127.0.0.1", debug: false });
  await alone.register({ plugin: hapiTracing, options: { tracing: own.tracing } });
  alone.route({ method: "GET", path: "/", handler: () => own.tracing.startActiveSpan("child", () => "traced") });
  await alone.start();
  for (let i = 0; i < 2; i++) {
    const client = await RawClient.connect(alone.info.port as number);
    await client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").end();
  }
  await own.reporter.waitFor(4);
  await alone.stop({ timeout: 0 });
  await own.tracing.close();
  assert.equal(spanTree(own.reporter.spans), "\nGET /  server 200\n  child".repeat(2));
  assert.deepEqual(called, ["always", "once", "always"]);
});

test("hapi: what is no Tracing object is refused, and no option", async () => {
  await assert.rejects(
    server().register({ plugin: hapiTracing, options: { traceMiddlewares: true } as never }),
    /hapiTracing: there is no option "traceMiddlewares"; did you mean "traceMiddleware"/,
  );
  await assert.rejects(
    server().register({ plugin: hapiTracing, options: { tracing: {} as Tracing } }),
    /must be a Tracing object/,
  );
});
