// A handler that starts child spans, one after the other, each with three tags.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count, started, option }) => {
  const http: typeof import("node:http") = require("node:http");
  const child = started.child ?? ((_name, work) => work());
  const work = (): number => 42;
  return http.createServer((_request, response) => {
    count();
    let sum = 0;
    for (let i = 0; i < option; i++) sum += child("load order", work);
    response.setHeader("content-type", "text/plain");
    response.end(String(sum));
  });
};
