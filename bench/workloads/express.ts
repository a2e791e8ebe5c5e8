// An Express 5 application with a JSON route that has a parameter.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count }) => {
  const http: typeof import("node:http") = require("node:http");
  const express = require("express") as typeof import("express");
  const app = express();
  app.get("/users/:id", (request, response) => {
    count();
    response.json({ id: request.params.id, name: "Ada", ok: true });
  });
  return http.createServer(app);
};
