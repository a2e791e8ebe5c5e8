// A deliberately hard application in h3, with the span trees that it must leave.

import assert from "node:assert/strict";
import http from "node:http";
import { type TestContext, test } from "node:test";
import { fromNodeHandler, H3, HTTPError, redirect } from "h3";
import { toNodeHandler } from "h3/node";
import { tracingPlugin } from "h3/tracing";
import type { Tracing } from "node-opentracing";
import { h3Tracing } from "node-opentracing/h3";
import { traceServers } from "#src/hosts/servers.js";
import { listening, takeTree, tracingTo } from "../listening.js";

const SHOWN = { logs: true, tags: ["component", "http.route"] };

/** Nested applications with parameters in their paths, middleware that answers, errors in every place. */
function hardApp(app: H3, tracing: Tracing): H3 {
  app.use((event) => (event.req.headers.get("x-busy") ? new Response("busy", { status: 503 }) : undefined));
  app.use("/orgs/**", async (event, next) => {
    if (event.req.headers.get("x-denied")) throw new HTTPError({ status: 403 });
    return await next();
  });
  const orders = new H3()
    .get("/", () => "orders")
    .get("/:id", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      tracing.startActiveSpan("load order", () => {});
      return "order";
    })
    .post("/", async (event) => {
      event.res.status = 201;
      return await event.req.text();
    })
    .delete("/:id", () => {
      throw new Error("not for deleting");
    });
  app.mount("/orgs/:org/orders", orders);
  app.get("/thrown", () => {
    throw new Error("thrown on");
  });
  app.get("/busy", () => {
    throw new HTTPError({ status: 503, message: "try again" });
  });
  app.get("/refused", () => {
    throw new HTTPError({ status: 404, message: "no such thing" });
  });
  app.get("/moved", () => redirect("/orgs/7/orders"));
  app.get("/nothing", () => null);
  app.get(
    "/node",
    fromNodeHandler((_request, response) => void response.end("node")),
  );
  app.get("/stream", () => new Blob(["one ", "two ", "three"]).stream());
  app.put("/upload", async (event) => String((await event.req.arrayBuffer()).byteLength));
  app.all("/files/**:path", () => "file");
  return app;
}

const ORDERS = "/orgs/:org/orders";
const H = "component=h3";

/** What is asked, and the span tree that it leaves. */
const ASKED: readonly (readonly [head: string, status: number, tree: string, body?: string])[] = [
  ["GET /orgs/7/orders/9?page=2", 200, `\nGET ${ORDERS}/:id  server 200 ${H} http.route=${ORDERS}/:id\n  load order`],
  ["HEAD /orgs/7/orders", 200, `\nHEAD ${ORDERS}/  server 200 ${H} http.route=${ORDERS}/`],
  ["POST /orgs/7/orders\ncontent-length: 3", 201, `\nPOST ${ORDERS}/  server 201 ${H} http.route=${ORDERS}/`, "abc"],
  [
    "DELETE /orgs/7/orders/9",
    500,
    `\nDELETE ${ORDERS}/:id  server 500 error=Error ${H} http.route=${ORDERS}/:id\n  - error error.object=Error: not for deleting`,
  ],
  [
    "GET /thrown",
    500,
    `\nGET /thrown  server 500 error=Error ${H} http.route=/thrown\n  - error error.object=Error: thrown on`,
  ],
  [
    "GET /busy",
    503,
    `\nGET /busy  server 503 error=HTTPError ${H} http.route=/busy\n  - error error.object=HTTPError: try again`,
  ],
  ["GET /refused", 404, `\nGET /refused  server 404 ${H} http.route=/refused`],
  ["GET /moved", 302, `\nGET /moved  server 302 ${H} http.route=/moved`],
  ["GET /nothing", 200, `\nGET /nothing  server 200 ${H} http.route=/nothing`],
  ["GET /node", 200, `\nGET /node  server 200 ${H} http.route=/node`],
  ["GET /stream", 200, `\nGET /stream  server 200 ${H} http.route=/stream`],
  ["PATCH /files/a/b", 200, `\nPATCH /files/**:path  server 200 ${H} http.route=/files/**:path`],
];

/** Where a middleware answers, h3 has found the route already, and its channel has not spoken of it yet. */
const ANSWERED_BY_MIDDLEWARE = ["GET /orgs/7/orders\nx-busy: yes", "GET /orgs/7/orders\nx-denied: yes"];

function start(t: TestContext, byChannel = false) {
  const { tracing, reporter } = tracingTo(t);
  t.after(traceServers(tracing.http));
  const app = new H3({ silent: true, plugins: [byChannel ? tracingPlugin() : h3Tracing()] });
  return { reporter, server: http.createServer(toNodeHandler(hardApp(app, tracing))) };
}

for (const byChannel of [false, true]) {
  test(`h3 2.0${byChannel ? " by its channel" : ""}: each request of the hard application leaves its tree`, async (t) => {
    const { reporter, server } = start(t, byChannel);
    const { ask } = await listening(t, server);
    for (const [head, status, tree, body] of ASKED) {
      assert.match(await ask(head, body), new RegExp(`^HTTP/1.1 ${status}`), head);
      assert.equal(await takeTree(reporter, tree.split("\n  load").length, SHOWN), tree, head);
    }
    for (const head of ANSWERED_BY_MIDDLEWARE) await ask(head);
    await ask("GET /nowhere");
    assert.equal(
      await takeTree(reporter, 3, { tags: ["component"] }),
      byChannel
        ? `\nGET  server 503 error ${H}\nGET  server 403 ${H}\nGET  server 404 ${H}`
        : `\nGET ${ORDERS}/  server 503 error ${H}\nGET ${ORDERS}/  server 403 ${H}\nGET  server 404 ${H}`,
    );
  });
}

test("h3 2.0: keep-alive and pipelining, a span each", async (t) => {
  const { reporter, server } = start(t);
  const client = await (await listening(t, server)).connect();
  client.send("GET /files/1 HTTP/1.1\r\nhost: a\r\n\r\nGET /node HTTP/1.1\r\nhost: a\r\n\r\n");
  await client.until("node");
  await client.send("GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n").until("404");
  client.leave();
  assert.equal(await takeTree(reporter, 3), "\nGET /files/**:path  server 200\nGET /node  server 200\nGET  server 404");
});

test("h3 2.0: an upload that is aborted is the client's doing, not an error of the reader", async (t) => {
  const { reporter, server } = start(t);
  const client = await (await listening(t, server)).connect();
  client.send("PUT /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
  await new Promise((resolve) => server.once("request", resolve));
  client.leave();
  assert.equal(await takeTree(reporter), "\nPUT /upload  server error=request_aborted");
});
