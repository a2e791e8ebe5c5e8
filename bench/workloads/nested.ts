// A handler that starts child spans one inside the other, each with three tags.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count, started, option }) => {
  const http: typeof import("node:http") = require("node:http");
  const child = started.child ?? ((_name, work) => work());
  const deeper = async (left: number): Promise<number> => {
    if (left === 0) return 42;
    await undefined; // as real work would: a thousand calls within one another leave no room on the stack
    return child("load order", () => deeper(left - 1));
  };
  return http.createServer(async (_request, response) => {
    count();
    response.setHeader("content-type", "text/plain");
    response.end(String(await deeper(option)));
  });
};
