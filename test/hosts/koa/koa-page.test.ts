// The `ts` blocks of docs/koa.md about limits, run: which name comes out.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import Router, { type RouterMiddleware } from "@koa/router";
import Koa from "koa";
import { koaTracing } from "node-opentracing/koa";
import { listening, takeTree, tracingTo } from "../listening.js";

const pass: RouterMiddleware = (_ctx, next) => next();

test("docs/koa.md: a route that passes on to a middleware of its router", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const before = pass;
  const after: RouterMiddleware = (ctx) => {
    ctx.body = "done";
  };
  const router = new Router();
  router.use(before);
  router.get("/orders/:id", (_ctx, next) => next());
  router.use(after); // GET /orders/7 is named "GET"

  const app = new Koa();
  app.use(koaTracing({ tracing }));
  app.use(router.routes());
  await (await listening(t, http.createServer(app.callback()))).ask("GET /orders/7");
  assert.equal(await takeTree(reporter), "\nGET  server 200");
});

test("docs/koa.md: a middleware that ends the request and has the path of a route behind it", async (t) => {
  const { reporter, tracing } = tracingTo(t);
  const refuse: RouterMiddleware = (ctx) => {
    ctx.status = 403;
  };
  const page = pass;
  const router = new Router();
  router.use("/admin", refuse); // GET /admin, answered here with 403, is named "GET /admin"
  router.get("/admin", page);

  const app = new Koa();
  app.use(koaTracing({ tracing }));
  app.use(router.routes());
  await (await listening(t, http.createServer(app.callback()))).ask("GET /admin");
  assert.equal(await takeTree(reporter), "\nGET /admin  server 403");
});
