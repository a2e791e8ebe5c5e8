// A deliberately hard application in Koa 2 and 3, with the span trees that it must leave.

import assert from "node:assert/strict";
import http from "node:http";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { koaTracing } from "node-opentracing/koa";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree } from "../listening.js";
import { KOA_RELEASES, type KoaRelease } from "./contract-app.js";

const SHOWN = { logs: true, tags: ["component", "http.route"] };
const KOA = "component=koa";

/** Nested routers with parameters in their prefixes and mount paths, middleware that answers, errors in every place. */
function hardApp({ Koa, Router }: KoaRelease, tracing: Tracing): http.Server {
  const app = new Koa();
  app.silent = true;
  app.use(koaTracing());
  app.use(async function answerErrors(ctx, next) {
    try {
      await next();
    } catch (error) {
      if (ctx.path.startsWith("/thrown")) throw error;
      ctx.status = ctx.path === "/healed" ? 200 : 500;
      ctx.body = "handled";
      ctx.app.emit("error", error, ctx);
    }
  });
  app.use(async function gate(ctx, next) {
    if (ctx.get("x-token") === "none") ctx.throw(401);
    if (ctx.get("x-busy") !== "") {
      ctx.status = 503;
      return;
    }
    await next();
  });

  const orders = new Router();
  orders.use(async function mayOrder(ctx, next) {
    if (ctx.get("x-denied") !== "") {
      ctx.status = 403;
      return;
    }
    await next();
  });
  orders.get("/", (ctx) => {
    ctx.body = "orders";
  });
  orders.get("/:id", async (ctx) => {
    await new Promise((resolve) => setImmediate(resolve));
    tracing.startActiveSpan("load order", () => {});
    ctx.body = `${ctx["params"].org} ${ctx["params"].id}`;
  });
  orders.post("/", async (ctx) => {
    for await (const _ of ctx.req);
    ctx.status = 201;
  });
  const orgs = new Router({ prefix: "/orgs" });
  orgs.use("/:org/orders", orders.routes());
  const api = new Router();
  api.prefix("/api/:version");
  api.use(orgs.routes());

  const pages = new Router();
  pages.get(/^\/files\/(\d+)$/, (ctx) => {
    ctx.body = "file";
  });
  pages.get("/users/me", (_ctx, next) => next());
  pages.get("/users/:id", (ctx) => {
    ctx.body = "user";
  });
  pages.get("/teams/mine", (ctx) => {
    ctx.body = "mine";
  });
  pages.get("/teams/:id", (ctx) => {
    ctx.body = "team";
  });
  pages.get("named", "/named/:x", (ctx) => {
    ctx.body = ctx["_matchedRouteName"];
  });
  pages.all("/any", (ctx) => {
    ctx.body = "any";
  });
  pages.get("/gone", (ctx) => ctx.throw(410));
  pages.get("/thrown", () => {
    throw new Error("thrown on");
  });
  pages.get("/thrown/text", () => {
    throw "a text";
  });
  pages.get("/handled", async () => {
    throw new Error("answered by a middleware behind ours");
  });
  pages.get("/healed", async () => {
    throw new Error("made a 200");
  });
  pages.get("/stream", (ctx) => {
    ctx.body = Readable.from(["one ", "two ", "three"]);
  });
  pages.get("/upload", (ctx) => ctx.throw(405));
  pages.put("/upload", async (ctx) => {
    for await (const _ of ctx.req);
    ctx.body = "whole";
  });
  pages.get("/raw", (ctx) => {
    ctx.respond = false;
    ctx.res.statusCode = 200;
    ctx.res.end("raw");
    return new Promise(() => {});
  });
  app.use(api.routes()).use(api.allowedMethods());
  app.use(pages.routes()).use(pages.allowedMethods());
  app.use(async function last(ctx, next) {
    if (ctx.path === "/static") ctx.body = "no router knows this";
    else await next();
  });
  return http.createServer(app.callback());
}

const ORDER = "/api/:version/orgs/:org/orders/:id";
const ORDERS = "/api/:version/orgs/:org/orders";

/** What is asked, and the span tree that it leaves. */
const ASKED: readonly (readonly [head: string, status: number, tree: string, body?: string])[] = [
  ["GET /api/v2/orgs/7/orders/9?page=2", 200, `\nGET ${ORDER}  server 200 ${KOA} http.route=${ORDER}\n  load order`],
  ["HEAD /api/v2/orgs/7/orders", 200, `\nHEAD ${ORDERS}  server 200 ${KOA} http.route=${ORDERS}`],
  [
    "POST /api/v2/orgs/7/orders\ncontent-length: 3",
    201,
    `\nPOST ${ORDERS}  server 201 ${KOA} http.route=${ORDERS}`,
    "abc",
  ],
  // The router's middleware answered, so no route did; the application's middleware likewise.
  ["GET /api/v2/orgs/7/orders/9\nx-denied: yes", 403, `\nGET  server 403 ${KOA}`],
  ["GET /api/v2/orgs/7/orders/9\nx-busy: yes", 503, `\nGET  server 503 error ${KOA}`],
  ["GET /nowhere", 404, `\nGET  server 404 ${KOA}`],
  ["GET /static", 200, `\nGET  server 200 ${KOA}`],
  ["DELETE /api/v2/orgs/7/orders/9", 405, `\nDELETE  server 405 ${KOA}`],
  ["PROPFIND /api/v2/orgs/7/orders/9", 501, `\nPROPFIND  server 501 error ${KOA}`],
  ["OPTIONS /api/v2/orgs/7/orders/9", 200, `\nOPTIONS  server 200 ${KOA}`],
  ["GET /files/12", 200, `\nGET /^\\/files\\/(\\d+)$/  server 200 ${KOA} http.route=/^\\/files\\/(\\d+)$/`],
  ["GET /users/me", 200, `\nGET /users/:id  server 200 ${KOA} http.route=/users/:id`],
  ["GET /teams/mine", 200, `\nGET /teams/mine  server 200 ${KOA} http.route=/teams/mine`],
  ["GET /named/a", 200, `\nGET /named/:x  server 200 ${KOA} http.route=/named/:x`],
  ["PATCH /any", 200, `\nPATCH /any  server 200 ${KOA} http.route=/any`],
  ["GET /raw", 200, `\nGET /raw  server 200 ${KOA} http.route=/raw`],
  ["GET /stream", 200, `\nGET /stream  server 200 ${KOA} http.route=/stream`],
  // ctx.throw(410) becomes an answer of 500 in the application's own middleware: that is the server's error, whatever it says itself.
  [
    "GET /gone",
    500,
    `\nGET /gone  server 500 error=GoneError ${KOA} http.route=/gone\n  - error error.object=GoneError: Gone`,
  ],
  [
    "GET /thrown",
    500,
    `\nGET /thrown  server 500 error=Error ${KOA} http.route=/thrown\n  - error error.object=Error: thrown on`,
  ],
  [
    "GET /thrown/text",
    500,
    `\nGET /thrown/text  server 500 error ${KOA} http.route=/thrown/text\n  - error error.object=a text`,
  ],
  [
    "GET /handled",
    500,
    `\nGET /handled  server 500 error=Error ${KOA} http.route=/handled\n  - error error.object=Error: answered by a middleware behind ours`,
  ],
  ["GET /healed", 200, `\nGET /healed  server 200 ${KOA} http.route=/healed`],
];

for (const release of KOA_RELEASES) {
  function start(t: TestContext) {
    const reporter = new MemoryReporter();
    const tracing = new Tracing(new Tracer({ reporter }));
    t.after(traceServers(tracing.http));
    return { reporter, server: hardApp(release, tracing) };
  }

  test(`${release.name}: each request of the hard application leaves its tree`, async (t) => {
    const { reporter, server } = start(t);
    const { ask } = await listening(t, server);
    for (const [head, status, tree, body] of ASKED) {
      assert.match(await ask(head, body), new RegExp(`^HTTP/1.1 ${status}`), head);
      assert.equal(await takeTree(reporter, tree.split("\n  load").length, SHOWN), tree, head);
    }
  });

  test(`${release.name}: keep-alive and pipelining, a span each`, async (t) => {
    const { reporter, server } = start(t);
    const client = await (await listening(t, server)).connect();
    client.send("GET /files/1 HTTP/1.1\r\nhost: a\r\n\r\nGET /users/2 HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.until("user");
    await client.send("GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n").until("Not Found\r\n");
    client.leave();
    assert.equal(
      await takeTree(reporter, 3),
      "\nGET /^\\/files\\/(\\d+)$/  server 200\nGET /users/:id  server 200\nGET  server 404",
    );
  });

  test(`${release.name}: an upload that is aborted is the client's doing, not an error of the reader`, async (t) => {
    const { reporter, server } = start(t);
    const client = await (await listening(t, server)).connect();
    client.send("PUT /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
    await new Promise((resolve) => server.once("request", resolve));
    client.leave();
    assert.equal(await takeTree(reporter), "\nPUT /upload  server error=request_aborted");
  });
}
