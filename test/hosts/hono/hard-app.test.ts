// A deliberately hard application in Hono, with the span trees that it must leave.

import assert from "node:assert/strict";
import type { Server } from "node:http";
import { type TestContext, test } from "node:test";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE } from "hono/streaming";
import type { Tracing } from "node-opentracing";
import { honoTracing } from "node-opentracing/hono";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree, tracingTo } from "../listening.js";

const SHOWN = { logs: true, tags: ["component", "http.route"] };
const HONO = "component=hono";

/** Sub-applications with parameters in their paths, wildcard middleware, errors in every place, bodies that are streamed. */
function hardApp(tracing: Tracing): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(honoTracing());
  app.use("*", async (c, next) => {
    if (c.req.header("x-busy")) return c.text("busy", 503);
    await next();
    return undefined;
  });
  app.use("/orgs/*", async (c, next) => {
    if (c.req.header("x-denied")) throw new HTTPException(403, { message: "denied" });
    await next();
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    return c.text("failed", c.req.path === "/healed/now" ? 200 : 500);
  });

  const orders = new Hono()
    .get("/", (c) => c.text("orders"))
    .get("/:id{[0-9]+}", async (c) => {
      await new Promise((resolve) => setImmediate(resolve));
      tracing.startActiveSpan("load order", () => {});
      return c.text("order");
    })
    .post("/", async (c) => c.json(await c.req.text(), 201))
    .delete("/:id", () => {
      throw new Error("not for deleting");
    });
  const strict = new Hono();
  strict.onError((_error, c) => c.text("handled by the sub-application", 500));
  strict.get("/fail", () => {
    throw new Error("in the sub-application");
  });
  strict.all("/all", (c) => c.text("all"));
  app.route("/orgs/:org/orders", orders);
  app.route("/strict", strict);

  app.basePath("/v2").get("/users/:id?", (c) => c.text("user"));
  app.on(["GET", "PURGE"], ["/cache/:key", "/cached/:key"], (c) => c.text("cache"));
  app.get(
    "/two",
    (_c, next) => next(),
    (c) => c.text("two handlers"),
  );
  app.get("/first", (_c, next) => next());
  app.get("/:page", async (c, next) => (c.req.param("page") === "first" ? c.text("second") : next()));
  app.get("/thrown/now", () => {
    throw new Error("thrown on");
  });
  app.get("/healed/now", () => {
    throw new Error("made a 200");
  });
  app.get("/refused/now", () => {
    throw new HTTPException(404, { message: "no such thing" });
  });
  app.get("/stream/body", (c) =>
    stream(c, async (body) => {
      for (const word of ["one ", "two ", "three"]) await body.write(word);
    }),
  );
  app.get("/stream/events", (c) => streamSSE(c, (events) => events.writeSSE({ data: "an event" })));
  app.get("/stream/broken", (c) => {
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new TextEncoder().encode("one"));
        else controller.error(new Error("the source failed"));
      },
    });
    return c.body(body);
  });
  app.put("/upload/here", async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
  app.mount("/mounted", () => new Response("mounted"));
  const inner = new Hono().use(honoTracing()).get("/items/:id", (c) => c.text("inner"));
  app.mount("/inner", (request: Request, env: object) => inner.fetch(request, env));
  app.get("/forwarded/:to", (c) => app.fetch(new Request(new URL(`/cache/${c.req.param("to")}`, c.req.url)), c.env));
  app.all("/rest/*", (c) => c.text("rest"));
  return app;
}

const ORDERS = "/orgs/:org/orders";
const ORDER = "/orgs/:org/orders/:id{[0-9]+}";

/** What is asked, and the span tree that it leaves. */
const ASKED: readonly (readonly [head: string, status: number, tree: string, body?: string])[] = [
  ["GET /orgs/7/orders/9?page=2", 200, `\nGET ${ORDER}  server 200 ${HONO} http.route=${ORDER}\n  load order`],
  ["HEAD /orgs/7/orders", 200, `\nHEAD ${ORDERS}  server 200 ${HONO} http.route=${ORDERS}`],
  ["POST /orgs/7/orders\ncontent-length: 3", 201, `\nPOST ${ORDERS}  server 201 ${HONO} http.route=${ORDERS}`, "abc"],
  [
    "DELETE /orgs/7/orders/9",
    500,
    `\nDELETE ${ORDERS}/:id  server 500 error=Error ${HONO} http.route=${ORDERS}/:id\n  - error error.object=Error: not for deleting`,
  ],
  // Middleware answered, so no route did.
  ["GET /orgs/7/orders\nx-busy: yes", 503, `\nGET  server 503 error ${HONO}`],
  ["GET /orgs/7/orders\nx-denied: yes", 403, `\nGET  server 403 ${HONO}`],
  ["GET /no/where", 404, `\nGET  server 404 ${HONO}`],
  ["PATCH /orgs/7/orders", 404, `\nPATCH  server 404 ${HONO}`],
  ["OPTIONS /orgs/7/orders", 404, `\nOPTIONS  server 404 ${HONO}`],
  [
    "GET /strict/fail",
    500,
    `\nGET /strict/fail  server 500 error=Error ${HONO} http.route=/strict/fail\n  - error error.object=Error: in the sub-application`,
  ],
  ["PATCH /strict/all", 200, `\nPATCH /strict/all  server 200 ${HONO} http.route=/strict/all`],
  ["GET /v2/users", 200, `\nGET /v2/users/:id?  server 200 ${HONO} http.route=/v2/users/:id?`],
  ["PURGE /cached/a", 200, `\nPURGE /cached/:key  server 200 ${HONO} http.route=/cached/:key`],
  ["GET /two", 200, `\nGET /two  server 200 ${HONO} http.route=/two`],
  ["GET /first", 200, `\nGET /:page  server 200 ${HONO} http.route=/:page`],
  [
    "GET /thrown/now",
    500,
    `\nGET /thrown/now  server 500 error=Error ${HONO} http.route=/thrown/now\n  - error error.object=Error: thrown on`,
  ],
  ["GET /healed/now", 200, `\nGET /healed/now  server 200 ${HONO} http.route=/healed/now`],
  ["GET /refused/now", 404, `\nGET /refused/now  server 404 ${HONO} http.route=/refused/now`],
  ["GET /stream/body", 200, `\nGET /stream/body  server 200 ${HONO} http.route=/stream/body`],
  ["GET /stream/events", 200, `\nGET /stream/events  server 200 ${HONO} http.route=/stream/events`],
  ["GET /stream/broken", 200, `\nGET /stream/broken  server 200 error=response_cut ${HONO} http.route=/stream/broken`],
  // What is mounted is no route of this application; a Hono application that is mounted tells its own.
  ["GET /mounted/a/b", 200, `\nGET  server 200 ${HONO}`],
  ["GET /inner/items/7", 200, `\nGET /inner/items/:id  server 200 ${HONO} http.route=/inner/items/:id`],
  ["GET /forwarded/a", 200, `\nGET /cache/:key  server 200 ${HONO} http.route=/cache/:key`],
  ["GET /rest/of/it", 200, `\nGET /rest/*  server 200 ${HONO} http.route=/rest/*`],
];

function start(t: TestContext) {
  const { tracing, reporter } = tracingTo(t);
  t.after(traceServers(tracing.http));
  return { reporter, server: createAdaptorServer({ fetch: hardApp(tracing).fetch }) as Server };
}

test("hono 4.13: each request of the hard application leaves its tree", async (t) => {
  t.mock.method(console, "error", () => {}); // @hono/node-server prints the error of the broken stream
  const { reporter, server } = start(t);
  server.keepAliveTimeout = 1; // streamSSE answers "connection: keep-alive" to whoever asks for "close"
  const { ask } = await listening(t, server);
  for (const [head, status, tree, body] of ASKED) {
    assert.match(await ask(head, body), new RegExp(`^HTTP/1.1 ${status}`), head);
    const seen = await takeTree(reporter, tree.split("\n  load").length, SHOWN);
    assert.equal(seen.replace(/\n {2}- error error.kind=response_cut.*/, ""), tree, head);
  }
});

test("hono 4.13: keep-alive and pipelining, a span each", async (t) => {
  const { reporter, server } = start(t);
  const client = await (await listening(t, server)).connect();
  client.send("GET /cache/1 HTTP/1.1\r\nhost: a\r\n\r\nGET /v2/users/2 HTTP/1.1\r\nhost: a\r\n\r\n");
  await client.until("user");
  await client.send("GET /no/where HTTP/1.1\r\nhost: a\r\n\r\n").until("404 Not Found\r\n");
  client.leave();
  assert.equal(
    await takeTree(reporter, 3),
    "\nGET /cache/:key  server 200\nGET /v2/users/:id?  server 200\nGET  server 404",
  );
});

test("hono 4.13: an upload that is aborted is the client's doing, not an error of the reader", async (t) => {
  const { reporter, server } = start(t);
  const client = await (await listening(t, server)).connect();
  client.send("PUT /upload/here HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
  await new Promise((resolve) => server.once("request", resolve));
  client.leave();
  assert.equal(await takeTree(reporter), "\nPUT /upload/here  server error=request_aborted");
});
