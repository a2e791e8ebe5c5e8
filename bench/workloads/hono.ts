// A Hono application on Node with a JSON route that has a parameter.

import type { Server } from "node:http";
import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = async ({ count, started }) => {
  const { Hono } = require("hono") as typeof import("hono");
  const { createAdaptorServer } = require("@hono/node-server") as typeof import("@hono/node-server");
  const app = new Hono();
  if (started.hono !== undefined) app.use((await started.hono()) as Parameters<typeof app.use>[0]);
  app.get("/users/:id", (context) => {
    count();
    return context.json({ id: context.req.param("id"), name: "Ada", ok: true });
  });
  return createAdaptorServer({ fetch: app.fetch }) as Server;
};
