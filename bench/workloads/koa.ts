// A Koa application with a router's JSON route that has a parameter.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = async ({ count, started }) => {
  const http: typeof import("node:http") = require("node:http");
  const Koa = required("koa");
  const Router = required("@koa/router");
  const app = new Koa();
  if (started.koa !== undefined) app.use(await started.koa());
  const router = new Router();
  router.get("/users/:id", (context: { params: { id: string }; body: unknown }) => {
    count();
    context.body = { id: context.params.id, name: "Ada", ok: true };
  });
  app.use(router.routes());
  return http.createServer(app.callback());
};

/** A module's class, whatever its form. */
function required(name: string) {
  const module = require(name);
  return module.default ?? module;
}
