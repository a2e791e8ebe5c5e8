// A node:http server whose handler waits 10 ms, as for a database.

import { setTimeout } from "node:timers/promises";
import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count }) => {
  const http: typeof import("node:http") = require("node:http");
  return http.createServer(async (_request, response) => {
    count();
    await setTimeout(10);
    response.setHeader("content-type", "text/plain");
    response.end("hello world");
  });
};
