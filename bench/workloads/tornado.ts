// A Tornado-style application: a handler class with one argument in its route.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = async ({ count }) => {
  const http: typeof import("node:http") = require("node:http");
  const { Application, RequestHandler } = await import("node-opentracing/tornado");
  class UserHandler extends RequestHandler {
    get(id: string): void {
      count();
      this.write({ id, name: "Ada", ok: true });
    }
  }
  return new Application([["/users/([0-9]+)", UserHandler]]).attach(http.createServer());
};
