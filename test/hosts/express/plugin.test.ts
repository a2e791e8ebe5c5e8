// expressTracing(): one application alone, or a part of it, by its own settings.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { RequestHandler } from "express";
import { MemoryReporter, Tracer, Tracing, type TracingOptions, traceServer } from "node-opentracing";
import { expressTracing } from "node-opentracing/express";
import { RawClient, spanTree } from "node-opentracing/testing";
import { staged, traced } from "./app.js";
import { VERSIONS } from "./versions.js";

function recording(options?: TracingOptions): { reporter: MemoryReporter; tracing: Tracing } {
  const reporter = new MemoryReporter();
  return { reporter, tracing: new Tracing(new Tracer({ reporter }), options) };
}

for (const version of VERSIONS) {
  const { express } = version;

  test(`${version.name}: an application is traced alone, its first request too, with nothing of Node patched`, async (t) => {
    const { emit } = http.Server.prototype;
    const { reporter, tracing } = recording({ tracedAttributes: ["method"] });
    const app = express();
    app.set("env", "test");
    app.use(expressTracing({ tracing }));
    app.get("/items/:id", async (_request, response) => {
      await new Promise((resolve) => setImmediate(resolve));
      tracing.startActiveSpan("child", () => response.end());
    });
    app.get("/fail/:id", () => {
      throw new Error("broken");
    });
    const stage = await staged(t, tracing, reporter, app);
    assert.equal(http.Server.prototype.emit, emit);
    for (const path of ["/fail/7", "/items/7", "/none"]) await stage.request(`GET ${path}`);
    await reporter.waitFor(4);
    assert.equal(
      spanTree(reporter.spans, { tags: ["component", "method", "http.route"] }),
      `
GET /fail/:id  server 500 error=Error component=express method=GET http.route=/fail/:id
GET /items/:id  server 200 component=express method=GET http.route=/items/:id
  child
GET  server 404 component=express method=GET`,
    );
  });

  test(`${version.name}: two applications in one process, each by its own settings, a third untraced`, async (t) => {
    const one = recording({ startSpanCb: (span) => void span.setTag("app", "one") });
    const two = recording({ filter: (request: { url: string }) => request.url !== "/health" });
    const answer: RequestHandler = (_request, response) => void response.end();
    const stages = await Promise.all(
      [[expressTracing({ tracing: one.tracing })], [expressTracing({ tracing: two.tracing })], []].map((plugins) => {
        const app = express();
        for (const plugin of plugins) app.use(plugin);
        app.get("/health", answer).use("/api/:version", express.Router().get("/items/:id", answer));
        return staged(t, one.tracing, one.reporter, app);
      }),
    );
    for (const stage of stages) for (const path of ["/health", "/api/2/items/7"]) await stage.request(`GET ${path}`);
    await one.reporter.waitFor(2);
    await two.reporter.waitFor(1);
    const tags = { tags: ["app"] };
    assert.equal(
      spanTree(one.reporter.spans, tags),
      "\nGET /health  server 200 app=one\nGET /api/:version/items/:id  server 200 app=one",
    );
    assert.equal(spanTree(two.reporter.spans, tags), "\nGET /api/:version/items/:id  server 200");
  });

  test(`${version.name}: a request that filter leaves out runs with no active span, whatever is active around it`, async (t) => {
    const { reporter, tracing } = recording({ filter: (request: { url: string }) => request.url !== "/health" });
    const app = express();
    app.use(expressTracing({ tracing }));
    app.use((_request, response) => void response.end(tracing.activeSpan() === undefined ? "none" : "a span"));
    const around: http.RequestListener = (request, response) => {
      tracing.startActiveSpan("around", () => app(request, response));
    };
    const stage = await staged(t, tracing, reporter, around);
    assert.match(await stage.request("GET /health"), /none$/);
    assert.match(await stage.request("GET /items"), /a span$/);
  });

  test(`${version.name}: a mounted application, or a router, is traced with its whole path`, async (t) => {
    const { reporter, tracing } = recording();
    const app = express();
    const admin = express();
    const answer: RequestHandler = (_request, response) => void response.end();
    admin.use(expressTracing({ tracing })).get("/users/:id", answer);
    app.use("/admin", admin);
    app.use("/orgs/:org", express.Router().use(expressTracing({ tracing })).get("/items/:id", answer));
    app.get("/untraced", answer);
    const stage = await staged(t, tracing, reporter, app);
    for (const path of ["/admin/users/7", "/untraced", "/orgs/7/items/8"]) await stage.request(`GET ${path}`);
    await reporter.waitFor(2);
    assert.equal(spanTree(reporter.spans), "\nGET /admin/users/:id  server 200\nGET /orgs/:org/items/:id  server 200");
  });

  test(`${version.name}: a request that has a span keeps that one, whatever traces it`, async (t) => {
    const other = recording();
    const app = await traced(t, version, (app) => {
      app.use(expressTracing(), expressTracing({ tracing: other.tracing }));
      app.get("/items/:id", (_request, response) => void response.end());
    });
    assert.equal(await app.spanOf("GET /items/7"), "GET /items/:id  server 200");
    assert.equal(other.reporter.spans.length, 0);
  });

  test(`${version.name}: without a Tracing object nothing is traced that is not traced already`, async (t) => {
    const { reporter, tracing } = recording();
    const app = express();
    app.use(expressTracing()).get("/", (request, response) => {
      response.end(`span: ${tracing.getSpan(request)}`);
    });
    const stage = await staged(t, tracing, reporter, app);
    assert.match(await stage.request("GET /"), /span: undefined/);
  });

  test(`${version.name}: traceServer names routes, and sees how the plug-in's requests end`, async (t) => {
    const own = recording();
    const app = express();
    app.get("/items/:id", (_request, response) => void response.write("one"));
    const server = http.createServer(app);
    t.after(traceServer(server, own.tracing));
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const client = await RawClient.connect((server.address() as AddressInfo).port);
    await client.send("GET /items/7 HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
    client.leave();
    await own.reporter.waitFor(1);
    assert.equal(spanTree(own.reporter.spans), "\nGET /items/:id  server 200 error=client_disconnect");
  });
}

test("docs/express.md: one application alone", async (t) => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const app = VERSIONS[2]!.express();
  app.use(expressTracing({ tracing: new Tracing(tracer, { tracedAttributes: ["method"] }) }));
  app.get("/items/:id", (_request, response) => void response.end());
  const stage = await staged(t, new Tracing(tracer), reporter, app);
  await stage.request("GET /items/7");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["method"] }), "\nGET /items/:id  server 200 method=GET");
});

test("what expressTracing cannot use is refused with what to write", () => {
  assert.throws(() => expressTracing({ tracing: {} as never }), /expressTracing: tracing must be a Tracing object/);
  assert.throws(() => expressTracing({ traceMiddlewares: true } as never), /did you mean "traceMiddleware"/);
});
