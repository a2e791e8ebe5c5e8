// Koa's middleware by itself: one application alone, two side by side, middleware spans, and the errors that Koa tells nobody else.

import assert from "node:assert/strict";
import http from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import Router from "@koa/router";
import Koa from "koa";
import { Tracing, traceServer } from "node-opentracing";
import { koaTracing } from "node-opentracing/koa";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { traceServers } from "#src/hosts/servers.js";
import { listening, namesOf, takeTree, tracingTo } from "../listening.js";
import { KOA_RELEASES } from "./contract-app.js";

const SHOWN = { logs: true, tags: ["component", "service"] };

function serverOf(...middleware: Koa.Middleware[]): http.Server {
  const app = new Koa();
  app.silent = true;
  for (const one of middleware) app.use(one);
  return http.createServer(app.callback());
}

/** As koa-mount does: shows an application less of the path, and leaves on the context how much less. */
function mount(prefix: string, mounted: Koa.Middleware): Koa.Middleware {
  return async function mountAt(ctx, next) {
    const whole = ctx.path;
    if (whole !== prefix && !whole.startsWith(`${prefix}/`)) return next();
    ctx["mountPath"] = prefix;
    ctx.path = whole.slice(prefix.length) || "/";
    await mounted(ctx, async () => {
      ctx.path = whole;
      await next();
      ctx.path = whole.slice(prefix.length) || "/";
    });
    ctx.path = whole;
  };
}

function orders(): Koa.Middleware {
  const router = new Router();
  router.get("/orders/:id", (ctx) => {
    ctx.body = "order";
  });
  return router.routes() as Koa.Middleware;
}

test("one application is traced alone, and the next server is not", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const alone = await listening(t, serverOf(koaTracing({ tracing }), orders()));
  const other = await listening(t, serverOf(koaTracing(), orders()));
  await other.ask("GET /orders/1");
  await alone.ask("GET /orders/2");
  assert.equal(await takeTree(reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=koa");
  assert.equal(reporter.spans.length, 0);
});

test("two applications in one process, each with its own settings", async (t) => {
  const shop = tracingTo(t, { startSpanCb: (span) => void span.setTag("service", "shop") });
  const stock = tracingTo(t, { filter: ({ url }) => url !== "/orders/health", operationName: () => "stock" });
  const first = await listening(t, serverOf(koaTracing({ tracing: shop.tracing }), orders()));
  const second = await listening(t, serverOf(koaTracing({ tracing: stock.tracing }), orders()));
  await Promise.all([first.ask("GET /orders/1"), second.ask("GET /orders/2"), second.ask("GET /orders/health")]);
  assert.equal(await takeTree(shop.reporter, 1, SHOWN), "\nGET /orders/:id  server 200 component=koa service=shop");
  assert.equal(await takeTree(stock.reporter, 1, SHOWN), "\nstock  server 200 component=koa");
  assert.equal(stock.reporter.spans.length, 0);
});

test("where the process is traced too, a request has one span: that of the process", async (t) => {
  const everywhere = tracingTo(t);
  const own = tracingTo(t);
  t.after(traceServers(everywhere.tracing.http));
  const { ask } = await listening(t, serverOf(koaTracing({ tracing: own.tracing }), orders()));
  await ask("GET /orders/1");
  assert.equal(await takeTree(everywhere.reporter), "\nGET /orders/:id  server 200");
  assert.equal(own.reporter.spans.length, 0);
});

test("traceServer() and the middleware: the server's settings, the router's route", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const server = serverOf(koaTracing(), orders());
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
  const rename: Koa.Middleware = (ctx, next) => {
    tracing.getSpan(ctx)!.setOperationName("mine");
    return next();
  };
  await (await listening(t, serverOf(koaTracing({ tracing }), rename, orders()))).ask("GET /orders/1");
  assert.equal(await takeTree(reporter), "\nmine  server 200");
});

for (const { name, Koa, Router } of KOA_RELEASES) {
  test(`${name}: with traceMiddleware each middleware is a span below the request's, and so is what it does`, async (t) => {
    const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
    const app = new Koa();
    app.silent = true;
    app.use(koaTracing({ tracing }));
    app.use(async function session(_ctx, next) {
      await tracing.startActiveSpan("load session", async () => {});
      await next();
      tracing.startActiveSpan("store session", () => {});
    });
    app.use((_ctx, next) => next());
    app.use(async function gate(ctx, next) {
      if (ctx.get("x-broken") !== "") throw new Error("the gate is broken");
      await next();
    });
    const router = new Router();
    router.get("/orders/:id", (ctx) => {
      tracing.startActiveSpan("load order", () => {});
      if (ctx["params"].id === "0") throw new Error("there is no order 0");
      ctx.body = "order";
    });
    app.use(router.routes());
    const { ask } = await listening(t, http.createServer(app.callback()));
    const tags = { logs: true, tags: ["component", "middleware.type"] };
    const below = "component=koa middleware.type=middleware";

    assert.match(await ask("GET /orders/1"), /order$/);
    assert.equal(
      await takeTree(reporter, 7, tags),
      `
GET /orders/:id  server 200 component=koa
  session  ${below}
    load session
    store session
  middleware  ${below}
  gate  ${below}
  load order`,
    );
    await ask("GET /orders/0");
    assert.equal(
      await takeTree(reporter, 6, tags),
      `
GET /orders/:id  server 500 error=Error component=koa
  - error error.object=Error: there is no order 0
  session  ${below}
    load session
  middleware  ${below}
  gate  ${below}
  load order`,
    );
    await ask("GET /orders/1\nx-broken: yes");
    assert.equal(
      await takeTree(reporter, 5, tags),
      `
GET  server 500 error=Error component=koa
  - error error.object=Error: the gate is broken
  session  ${below}
    load session
  middleware  ${below}
  gate  error=Error ${below}
    - error error.object=Error: the gate is broken`,
    );
  });

  test(`${name}: the path of a mounted application stands in front of its routes, and of no others`, async (t) => {
    const { reporter, tracing } = tracingTo(t);
    const answer: Koa.Middleware = (ctx) => {
      ctx.body = "ok";
    };
    const inner = new Router();
    inner.get("/", answer).get("/items/:id", answer).get("/m/:id", answer);
    inner.get("/passes/:id", (_ctx, next) => next());
    const outer = new Router();
    outer.get("/m/passes/:id", answer).get("/:x/:y/:z", answer);
    const app = new Koa();
    app.use(koaTracing({ tracing }));
    app.use(mount("/m", inner.routes() as Koa.Middleware));
    app.use(mount("/a", mount("/b", inner.routes() as Koa.Middleware)));
    app.use(outer.routes() as Koa.Middleware);
    const { ask } = await listening(t, http.createServer(app.callback()));
    const paths = ["/m", "/m/items/7?m=/m", "/m/m/7", "/m/m/m", "/m/passes/7", "/m/q/7", "/items/7/8", "/a/b/items/7"];
    const heads = paths.map((path) => `GET ${path}`);
    assert.deepEqual(await namesOf(ask, reporter, heads), [
      "GET /m",
      "GET /m/items/:id",
      "GET /m/m/:id",
      "GET /m/m/:id",
      "GET /m/passes/:id",
      "GET /:x/:y/:z",
      "GET /:x/:y/:z",
      "GET /items/:id", // of two mounts, one in the other, the outer leaves nothing
    ]);
  });

  test(`${name}: a router's middleware takes no name away from a route of its own path`, async (t) => {
    const { reporter, tracing } = tracingTo(t);
    const answer: Koa.Middleware = (ctx) => {
      ctx.body = "ok";
    };
    const pass: Koa.Middleware = (ctx, next) => (ctx.query["stop"] === undefined ? next() : answer(ctx, next));
    const router = new Router();
    router.use("/admin", pass).get("/admin", answer).post("/admin", answer).get("/admin/:page", answer);
    router.get("/:any/:id", pass).use("/orders/:id", pass).get("/orders/:id", answer);
    const prefixed = new Router({ prefix: "/p" });
    prefixed.use("/", pass).get("/", answer).get("/:id", answer);
    const app = new Koa();
    app.use(koaTracing({ tracing }));
    app.use(router.routes()).use(prefixed.routes());
    const { ask } = await listening(t, http.createServer(app.callback()));
    const heads = [
      "GET /admin",
      "POST /admin",
      "GET /admin?stop",
      "GET /admin/1",
      "GET /admin/1?stop",
      "GET /orders/7",
      "GET /orders/7?stop",
      "GET /p",
      "GET /p/1",
    ];
    assert.deepEqual(await namesOf(ask, reporter, heads), [
      "GET /admin",
      "POST /admin",
      "GET /admin", // the middleware answered, of which the path is all that is known
      "GET /admin/:page",
      "GET",
      "GET /orders/:id",
      "GET /:any/:id",
      "GET /p",
      "GET /p/:id",
    ]);
  });

  test(`${name}: errors that pass no middleware are heard of by the application's "error" event`, async (t) => {
    const { reporter, tracing } = tracingTo(t);
    const app = new Koa();
    const printed = new Set<string>();
    app.on("error", (error) => printed.add(error.message));
    app.use(async (ctx, next) => {
      await next();
      if (ctx.path === "/front") throw new Error("from a middleware in front");
    });
    app.use(koaTracing({ tracing }));
    app.use((ctx) => {
      if (ctx.path === "/onerror") ctx.onerror(new Error("handed to ctx.onerror"));
      if (ctx.path === "/body") ctx.body = new Readable({ read: (): void => void ctx.body.destroy(new Error("body")) });
    });
    const { ask } = await listening(t, http.createServer(app.callback()));
    await ask("GET /front");
    assert.equal(
      await takeTree(reporter, 1, { logs: true }),
      "\nGET  server 500 error=Error\n  - error error.object=Error: from a middleware in front",
    );
    await ask("GET /onerror");
    assert.equal(
      await takeTree(reporter, 1, { logs: true }),
      "\nGET  server 500 error=Error\n  - error error.object=Error: handed to ctx.onerror",
    );
    await ask("GET /body");
    assert.match(await takeTree(reporter, 1, { logs: true }), /GET {2}server.* error.*\n.*Error: body/);
    assert.deepEqual([...printed], ["from a middleware in front", "handed to ctx.onerror", "body"]);
  });
}

test("an application without error listeners is left as it is: Koa prints its errors as ever", async (t) => {
  const { tracing } = tracingTo(t);
  const app = new Koa();
  app.use(koaTracing({ tracing }));
  const before = app.listenerCount("error");
  const server = http.createServer(app.callback());
  await (await listening(t, server)).ask("GET /");
  assert.equal(before, 0);
  assert.ok(app.listeners("error").includes(app.onerror));
});

test("a router of another kind costs the route's name, and no more", async (t) => {
  resetDiagnostics();
  const { reporter, tracing } = tracingTo(t);
  const { ask } = await listening(
    t,
    serverOf(koaTracing({ tracing }), (ctx) => {
      if (ctx.path === "/plain") ctx["_matchedRoute"] = "/plain";
      if (ctx.path === "/odd") Object.assign(ctx, { _matchedRoute: "/odd", matched: [{ path: "/odd" }] });
      ctx.body = "ok";
    }),
  );
  await ask("GET /plain");
  await ask("GET /odd");
  assert.equal(await takeTree(reporter, 2), "\nGET /plain  server 200\nGET  server 200");
  assert.equal(diagnostics()["framework.unknown"], 1);
});

test("the middleware in an application twice is in no span of its own", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const { ask } = await listening(
    t,
    serverOf(
      koaTracing({ tracing }),
      koaTracing(),
      async function session(_ctx, next) {
        await next();
      },
      orders(),
    ),
  );
  await ask("GET /orders/1");
  assert.equal(await takeTree(reporter, 2), "\nGET /orders/:id  server 200\n  session");
});

test("one middleware in two applications: each answers with its own, in spans of its own", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const trace = koaTracing({ tracing });
  for (const name of ["a", "b", "c"]) {
    const answer: Koa.Middleware = (ctx) => {
      ctx.body = `it is ${name}`;
    };
    Object.defineProperty(answer, "name", { value: name });
    const { ask } = await listening(t, serverOf(trace, answer));
    assert.match(await ask("GET /"), new RegExp(`it is ${name}$`));
    assert.equal(await takeTree(reporter, 2), `\nGET  server 200\n  ${name}`);
  }
});

test("one middleware in an application twice, and in one that is mounted in it: what comes behind runs once", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const trace = koaTracing({ tracing });
  const session: Koa.Middleware = async function session(_ctx, next) {
    await next();
  };
  const { ask } = await listening(t, serverOf(trace, session, trace, mount("/m", trace), orders()));
  await ask("GET /orders/1");
  assert.equal(await takeTree(reporter, 3), "\nGET /orders/:id  server 200\n  session\n  mountAt");
  assert.match(await ask("GET /m/x"), /404/);
  assert.equal(await takeTree(reporter, 3), "\nGET  server 404\n  session\n  mountAt");
});

test("one middleware behind the application that is mounted, and in that: each goes on in its own", async (t) => {
  const { reporter, tracing } = tracingTo(t, { traceMiddleware: true });
  const trace = koaTracing({ tracing });
  const inner: Koa.Middleware = (ctx) =>
    trace(ctx, async () => {
      ctx.body = "inner";
    });
  const { ask } = await listening(t, serverOf(mount("/m", inner), trace, orders()));
  assert.match(await ask("GET /m/x"), /inner$/);
  assert.equal(await takeTree(reporter), "\nGET  server 200");
});

test("wrong options are refused with what to write instead", () => {
  assert.throws(
    () => koaTracing({ trace: 1 } as never),
    /koaTracing: there is no option "trace"; did you mean "traceMiddleware"/,
  );
  assert.throws(() => koaTracing({ tracing: {} } as never), /tracing must be a Tracing object: new Tracing\(tracer\)/);
  assert.throws(() => koaTracing({ traceMiddleware: 1 } as never), /traceMiddleware must be true or false/);
});

test("docs/koa.md: one application alone", async (t) => {
  const { tracer, reporter } = tracingTo(t);
  const app = new Koa();
  app.use(koaTracing({ tracing: new Tracing(tracer, { tracedAttributes: ["method"] }) }));
  app.use((ctx) => {
    ctx.body = "ok";
  });
  const server = http.createServer(app.callback());
  await (await listening(t, server)).ask("GET /");
  assert.equal(await takeTree(reporter, 1, { tags: ["method"] }), "\nGET  server 200 method=GET");
});
