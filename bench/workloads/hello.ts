// A node:http server that says hello.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count }) => {
  const http: typeof import("node:http") = require("node:http");
  return http.createServer((_request, response) => {
    count();
    response.setHeader("content-type", "text/plain");
    response.end("hello world");
  });
};
