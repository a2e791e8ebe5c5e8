// Hono's middleware by itself: one application alone, two side by side, middleware spans, and where there is no Node.

import assert from "node:assert/strict";
import type { Server } from "node:http";
import { test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { LinearRouter } from "hono/router/linear-router";
import { PatternRouter } from "hono/router/pattern-router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { TrieRouter } from "hono/router/trie-router";
import { Tracing, traceServer } from "node-opentracing";
import { type HonoMiddleware, honoTracing } from "node-opentracing/hono";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { traceServers } from "#src/hosts/servers.js";
import { listening, namesOf, takeTree, tracingTo } from "../listening.js";

const SHOWN = { logs: true, tags: ["component", "service"] };

function orders(...middleware: HonoMiddleware[]): Hono {
  const app = new Hono();
  for (const one of middleware) app.use(one);
  app.get("/orders/:id", (c) => c.text("order"));
  return app;
}

function serverOf(app: Hono): Server {
  return createAdaptorServer({ fetch: app.fetch }) as Server;
}

test("one application is traced alone, and the next server is not", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const alone = await listening(t, serverOf(orders(honoTracing({ tracing }))));
  const other = await listening(t, serverOf(orders(honoTracing())));
  await other.ask("GET /orders/1");
  await alone.ask("GET /orders/2");
  assert.equal(await takeTree(reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=hono");
  assert.equal(reporter.spans.length, 0);
});

test("two applications in one process, each with its own settings", async (t) => {
  const shop = tracingTo(t, { startSpanCb: (span) => void span.setTag("service", "shop") });
  const stock = tracingTo(t, { filter: ({ url }) => url !== "/orders/health", operationName: () => "stock" });
  const first = await listening(t, serverOf(orders(honoTracing({ tracing: shop.tracing }))));
  const second = await listening(t, serverOf(orders(honoTracing({ tracing: stock.tracing }))));
  await Promise.all([first.ask("GET /orders/1"), second.ask("GET /orders/2"), second.ask("GET /orders/health")]);
  assert.equal(await takeTree(shop.reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=hono service=shop");
  assert.equal(await takeTree(stock.reporter, 1, SHOWN), "\nstock  server 200 component=hono");
  assert.equal(stock.reporter.spans.length, 0);
});

test("where the process is traced too, a request has one span: that of the process", async (t) => {
  const everywhere = tracingTo(t);
  const own = tracingTo(t);
  t.after(traceServers(everywhere.tracing.http));
  const app = orders(honoTracing({ tracing: own.tracing }), honoTracing());
  await (await listening(t, serverOf(app))).ask("GET /orders/1");
  assert.equal(await takeTree(everywhere.reporter), "\nGET /orders/:id  server 200");
  assert.equal(own.reporter.spans.length, 0);
});

test("traceServer() and the middleware: the server's settings, the application's route", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const server = serverOf(orders(honoTracing()));
  t.after(traceServer(server, tracing));
  await (await listening(t, server)).ask("GET /orders/1");
  assert.equal(await takeTree(reporter), "\nGET /orders/:id  server 200");
});

test("without the middleware, the name is the method and the component node:http", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  t.after(traceServers(tracing.http));
  await (await listening(t, serverOf(orders()))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter, 1, SHOWN), "\nGET  server 200 component=node:http");
});

test("the span is found by the context, and a name that the user gives it is kept", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const app = new Hono();
  app.use(honoTracing({ tracing }));
  app.get("/orders/:id", (c) => {
    tracing.getSpan(c)!.setOperationName("mine");
    return c.text("order");
  });
  await (await listening(t, serverOf(app))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter), "\nmine  server 200");
});

test("app.request() has no Node: the middleware lets it pass, with and without a Tracing object", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  for (const middleware of [honoTracing(), honoTracing({ tracing })]) {
    const answer = await orders(middleware).request("/orders/1");
    assert.equal(await answer.text(), "order");
    assert.equal((await orders(middleware).request("/orders/1", {}, { incoming: undefined })).status, 200);
  }
  assert.equal(reporter.spans.length, 0);
});

test("an env that throws when it is asked for what it does not know is asked no more", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  t.after(traceServers(tracing.http));
  const env = new Proxy({}, { get: (_env, name) => assert.fail(String(name)) });
  const app = orders(honoTracing());
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request, env) }) as Server;
  assert.match(await (await listening(t, server)).ask("GET /orders/1"), /200 OK.*order/s);
  assert.equal(await takeTree(reporter), "\nGET  server 200");
});

test("the middleware in an application twice is in no span of its own", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const app = new Hono().use(honoTracing({ tracing }), honoTracing());
  app.use(async function session(_c, next) {
    await next();
  });
  app.get("/orders/:id", (c) => c.text("order"));
  await (await listening(t, serverOf(app))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter, 2), "\nGET /orders/:id  server 200\n  session");
});

test("the paths of mounts stand in front of a mounted application's routes, however deep and however often traced", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const ok = (c: { text(text: string): Response }): Response => c.text("ok");
  const make = (): Hono => new Hono().use(honoTracing({ tracing }), honoTracing());
  const innermost = make().get("/", ok).get("/items/:id", ok);
  const inner = make().get("/", ok).get("/items/:id", ok).mount("/deep", innermost.fetch);
  const app = make().mount("/inner", inner.fetch).mount("/of/:tenant", inner.fetch);
  app.route("/api", new Hono().mount("/inner", inner.fetch));
  app.use("/asks/*", (c, _next) => Promise.resolve(inner.fetch(new Request(new URL("/", c.req.url)), c.env)));
  app.mount("/", innermost.fetch);
  const { ask } = await listening(t, serverOf(app));
  const paths = [
    "/inner",
    "/inner/",
    "/inner/items/7",
    "/inner/deep",
    "/inner/deep/items/7?a=/",
    "/of/me",
    "/of/me/deep",
    "/api/inner",
    "/api/inner/deep/items/7",
    "/asks/it",
    "/",
    "/items/7",
    "/inner/none",
  ];
  const heads = paths.map((path) => `GET ${path}`);
  assert.deepEqual(await namesOf(ask, reporter, heads), [
    "GET /inner",
    "GET /inner",
    "GET /inner/items/:id",
    "GET /inner/deep",
    "GET /inner/deep/items/:id",
    "GET /of/:tenant",
    "GET /of/:tenant/deep",
    "GET /api/inner",
    "GET /api/inner/deep/items/:id",
    "GET /",
    "GET /",
    "GET /items/:id",
    "GET",
  ]);
});

test("what is thrown and is no Error is recorded too", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const app = new Hono();
  app.use(honoTracing({ tracing }));
  app.get("/text", () => {
    throw "a text";
  });
  await (await listening(t, serverOf(app))).ask("GET /text");
  assert.equal(
    await takeTree(reporter, 1, { logs: true }),
    "\nGET /text  server 500 error\n  - error error.object=a text",
  );
});

test("an error with an upstream's status is recorded where it is answered with 500", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const app = new Hono();
  app.use(honoTracing({ tracing }));
  app.onError((_error, c) => c.text("sorry", 500));
  app.get("/upstream", () => {
    throw Object.assign(new TypeError("upstream"), { status: 404 });
  });
  await (await listening(t, serverOf(app))).ask("GET /upstream");
  assert.equal(
    await takeTree(reporter, 1, { logs: true }),
    "\nGET /upstream  server 500 error=TypeError\n  - error error.object=TypeError: upstream",
  );
});

for (const Router of [RegExpRouter, TrieRouter, LinearRouter, PatternRouter]) {
  test(`${Router.name}: with traceMiddleware each middleware is a span below the request's, and so is what it does`, async (t) => {
    const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
    const app = new Hono({ router: new Router() as never });
    app.use(honoTracing({ tracing }));
    app.onError((error, c) => c.text(error.message, 500));
    app.use(async function session(_c, next) {
      await tracing.startActiveSpan("load session", async () => {});
      await next();
    });
    app.use("/orders/*", async function gate(c, next) {
      if (c.req.header("x-broken")) throw new Error("the gate is broken");
      await next();
    });
    app.get("/orders/:id", (c) => {
      tracing.startActiveSpan("load order", () => {});
      return c.text("order");
    });
    const { ask } = await listening(t, serverOf(app));
    const tags = { logs: true, tags: ["component", "middleware.type"] };
    const below = "component=hono middleware.type=middleware";

    // Once more, for the middleware is wrapped at the first.
    for (const id of [1, 2]) {
      assert.match(await ask(`GET /orders/${id}`), /order$/);
      assert.equal(
        await takeTree(reporter, 5, tags),
        `
GET /orders/:id  server 200 component=hono
  session  ${below}
    load session
  gate  ${below}
  load order`,
      );
    }
    await ask("GET /orders/1\nx-broken: yes");
    assert.equal(
      await takeTree(reporter, 4, tags),
      `
GET  server 500 error=Error component=hono
  - error error.object=Error: the gate is broken
  session  ${below}
    load session
  gate  error=Error ${below}
    - error error.object=Error: the gate is broken`,
    );
    assert.equal((await app.request("/orders/3")).status, 200);
  });
}

test("a Hono that is built otherwise costs the route's name, and no more", async (t) => {
  resetDiagnostics();
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const app = orders();
  const middleware = honoTracing({ tracing });
  const odd = [{}, { matchedRoutes: [{}], routeIndex: 0 }, { matchedRoutes: [{ method: "ALL" }], routeIndex: 0 }];
  app.get("/odd/:at", async (c) => {
    await middleware({ req: odd[Number(c.req.param("at"))]!, env: c.env, error: undefined }, async () => {});
    return c.text("ok");
  });
  const { ask } = await listening(t, serverOf(app));
  for (const at of odd.keys()) assert.match(await ask(`GET /odd/${at}`), /ok$/);
  assert.equal(await takeTree(reporter, 3), "\nGET  server 200".repeat(3));
  assert.equal(diagnostics()["framework.unknown"], 1);
});

test("wrong options are refused with what to write instead", () => {
  assert.throws(
    () => honoTracing({ tracing: {} } as never),
    /honoTracing: tracing must be a Tracing object: new Tracing/,
  );
});

test("docs/hono.md: one application alone", async (t) => {
  const { tracer, reporter } = tracingTo(t);
  const app = new Hono();
  app.use(honoTracing({ tracing: new Tracing(tracer, { tracedAttributes: ["method"] }) }));
  app.get("/", (c) => c.text("ok"));
  const server = serverOf(app);
  await (await listening(t, server)).ask("GET /");
  assert.equal(await takeTree(reporter, 1, { tags: ["method"] }), "\nGET /  server 200 method=GET");
});
