// A Fastify 5 application with a JSON route that has a parameter.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = async ({ count }) => {
  const { fastify } = require("fastify") as typeof import("fastify");
  const app = fastify();
  app.get<{ Params: { id: string } }>("/users/:id", async (request) => {
    count();
    return { id: request.params.id, name: "Ada", ok: true };
  });
  await app.ready();
  return app.server;
};
