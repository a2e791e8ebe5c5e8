// Hostile URLs at every framework: a request is named by a pattern of the application, or by its method alone. Never by what it asks for.

import assert from "node:assert/strict";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type Server as HapiServer, server as hapiServer } from "@hapi/hapi";
import { getRequestListener } from "@hono/node-server";
import type { FastifyInstance } from "fastify";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { Hono } from "hono";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { fastifyTracing } from "node-opentracing/fastify";
import { h3Tracing } from "node-opentracing/h3";
import { hapiTracing } from "node-opentracing/hapi";
import { honoTracing } from "node-opentracing/hono";
import { koaTracing } from "node-opentracing/koa";
import { TracingModule } from "node-opentracing/nest";
import { traceServers } from "#src/hosts/servers.js";
import { seededRandom } from "#src/testing/seeded-random.js";
import { VERSIONS } from "./express/versions.js";
import { RELEASES as FASTIFYS } from "./fastify/contract-app.js";
import { KOA_RELEASES } from "./koa/contract-app.js";
import { RELEASES as NESTS, QUIET } from "./nest/releases.js";
import { polka } from "./polka/polka.js";

/** What an application has: two parameters one below the other, what is equal to a segment's text, and all that is left. */
const ROUTES = ["/orders/:id", "/orders/export", "/orgs/:org/orders/:id", "/orgs/:org/orders/export", "/files/*"];

/** What stands in a segment: parameters equal to static parts, encoded and unfinished characters, what patterns are written with. */
const SEGMENTS = [
  ...[
    "orders",
    "export",
    "orgs",
    "files",
    "7",
    "8",
    "ORDERS",
    "Export",
    "a b",
    "ü",
    "日本",
    "\u{1f600}",
    "x".repeat(600),
  ].map(encodeURIComponent),
  ...[
    "a%2Fb",
    "a%2fb",
    "%2F",
    "%252F",
    "%",
    "%E0%A4%A",
    "%ff",
    "%00",
    "%41",
    "..",
    ".",
    "",
    ":id",
    ":org",
    "*",
    "(.*)",
  ],
  ...[
    "a;b=c",
    "a,b",
    "a:b",
    "a=b",
    "a&b",
    "__proto__",
    "constructor",
    "toString",
    "t9r5c2",
    "{id}",
    "[id]",
    "+",
    "$",
    "~",
  ],
];
const SHAPES = [
  (a: string) => `/orders/${a}`,
  (a: string, b: string) => `/orgs/${a}/orders/${b}`,
  (a: string, b: string) => `/files/${a}/${b}`,
  (a: string, b: string) => `/${a}/${b}`,
  (a: string, b: string) => `/ORDERS/${a}?id=${b}`,
  (a: string, b: string) => `//orders/${a}//${b}/`,
  (a: string, b: string) => `http://a.example/orders/${a}?${b}`,
  (a: string, b: string) => `/orgs/${a}/ORDERS/${b}/`,
];

const ASKED = ((): string[] => {
  const random = seededRandom(1);
  const asked = ["/orders/7", "/orders/export", "/orgs/orgs/orders/7", "/orgs/7/orders/export", "/files/a/b"];
  for (let i = 0; i < 250; i++) {
    asked.push(random.pick(SHAPES)(random.pick(SEGMENTS), random.pick(SEGMENTS)));
  }
  return asked;
})();

/** Starts an application that is traced, with the routes of ROUTES in its own words, and answers its port. */
type Start = (t: TestContext, tracing: Tracing) => Promise<number>;

function named(framework: string, patterns: readonly string[], start: Start): void {
  test(`${framework}: the names are the patterns, whatever is asked for`, async (t) => {
    const reporter = new MemoryReporter();
    const tracing = new Tracing(new Tracer({ reporter }));
    const port = await start(t, tracing);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of ASKED) await ask(port, path, agent);
    agent.destroy();
    await reporter.waitFor(1);
    const names = new Set(reporter.spans.map((span) => span.operationName));
    assert.deepEqual([...names].sort(), ["GET", ...patterns.map((pattern) => `GET ${pattern}`)].sort());
  });
}

function ask(port: number, path: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: "127.0.0.1", path, agent }, (response) =>
      response.resume().on("end", resolve),
    );
    request.on("error", () => resolve());
  });
}

async function served(t: TestContext, listener: RequestListener): Promise<number> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

for (const { name, express, major } of VERSIONS) {
  const files = major === 4 ? "/files/*" : "/files/*path";
  named(name, [...ROUTES.slice(0, 4), files], (t, tracing) => {
    t.after(traceServers(tracing.http));
    const app = express();
    app.set("env", "test");
    const answer = (_request: unknown, response: http.ServerResponse) => void response.end();
    const orders = express.Router();
    orders.get("/export", answer).get("/:id", answer);
    app.use("/orders", orders).use("/orgs/:org/orders", orders).get(files, answer);
    return served(t, app);
  });
}

for (const { name, fastify } of FASTIFYS) {
  named(name, ROUTES, async (t, tracing) => {
    t.after(traceServers(tracing.http));
    const app = fastify();
    await app.register(fastifyTracing);
    const orders = async (part: FastifyInstance): Promise<void> => {
      part.get("/export", async () => "");
      part.get("/:id", async () => "");
    };
    app.register(orders, { prefix: "/orders" });
    app.register(orders, { prefix: "/orgs/:org/orders" });
    app.get("/files/*", async () => "");
    await app.listen({ port: 0, host: "127.0.0.1" });
    t.after(() => app.close());
    return (app.server.address() as AddressInfo).port;
  });
}

for (const { name, Koa, Router } of KOA_RELEASES) {
  const files = name.startsWith("koa 2") ? "/files/(.*)" : "/files/*path";
  named(name, [...ROUTES.slice(0, 4), files], (t, tracing) => {
    t.after(traceServers(tracing.http));
    const app = new Koa();
    app.silent = true;
    const answer = (ctx: { body: unknown }): void => {
      ctx.body = "";
    };
    const orders = new Router();
    orders.get("/export", answer).get("/:id", answer);
    const router = new Router();
    router.use("/orders", orders.routes()).use("/orgs/:org/orders", orders.routes());
    router.get(files, answer);
    app.use(koaTracing()).use(router.routes());
    return served(t, app.callback());
  });
}

named("hono", ROUTES, (t, tracing) => {
  t.after(traceServers(tracing.http));
  const orders = new Hono().get("/export", (c) => c.text("")).get("/:id", (c) => c.text(""));
  const app = new Hono().use(honoTracing());
  app
    .route("/orders", orders)
    .route("/orgs/:org/orders", orders)
    .get("/files/*", (c) => c.text(""));
  return served(t, getRequestListener(app.fetch));
});

named("h3", [...ROUTES.slice(0, 4), "/files/**"], (t, tracing) => {
  t.after(traceServers(tracing.http));
  const app = new H3().register(h3Tracing());
  for (const route of [...ROUTES.slice(0, 4), "/files/**"]) app.get(route, () => "");
  return served(t, toNodeHandler(app));
});

named(
  "hapi",
  ["/orders/{id}", "/orders/export", "/orgs/{org}/orders/{id}", "/orgs/{org}/orders/export", "/files/{path*}"],
  async (t, tracing) => {
    t.after(traceServers(tracing.http));
    const server: HapiServer = hapiServer({ host: "127.0.0.1", port: 0 });
    await server.register({ plugin: hapiTracing });
    for (const route of [...ROUTES.slice(0, 4), "/files/{path*}"]) {
      server.route({ method: "GET", path: route.replace(/:(\w+)/g, "{$1}"), handler: () => "" });
    }
    await server.start();
    t.after(() => server.stop());
    return Number(server.info.port);
  },
);

named("polka", [], (t, tracing) => {
  t.after(traceServers(tracing.http));
  const app = polka();
  for (const route of ROUTES) app.get(route, (_request, response) => response.end());
  return served(t, app.handler);
});

for (const release of NESTS) {
  named(release.name, [...ROUTES.slice(0, 4)], async (t, tracing) => {
    const { Controller, Get, Module } = release.common;
    class Orders {
      export(): string {
        return "";
      }
      find(): string {
        return "";
      }
    }
    Get("export")(Orders.prototype, "export", Object.getOwnPropertyDescriptor(Orders.prototype, "export")!);
    Get(":id")(Orders.prototype, "find", Object.getOwnPropertyDescriptor(Orders.prototype, "find")!);
    Controller(["orders", "orgs/:org/orders"])(Orders);
    class App {}
    Module({ imports: [TracingModule.forRoot({ tracing }) as never], controllers: [Orders] })(App);
    const app = await release.core.NestFactory.create(App, release.adapter(), QUIET);
    t.after(() => app.close());
    await app.listen(0, "127.0.0.1");
    return (app.getHttpServer().address() as AddressInfo).port;
  });
}
