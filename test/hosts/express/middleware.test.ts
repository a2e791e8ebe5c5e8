// Spans for the middleware of Express applications, with traceMiddleware.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NextFunction, Request, Response } from "express";
import { expressTracing } from "node-opentracing/express";
import { spanTree } from "node-opentracing/testing";
import { traced } from "./app.js";
import { VERSIONS } from "./versions.js";

function early(request: Request, response: Response, next: NextFunction): void {
  if (request.query["early"] === undefined) next();
  else response.status(401).end();
}
function broken(request: Request, _response: Response, next: NextFunction): void {
  if (request.query["broken"] !== undefined) throw new Error("broken");
  next();
}

for (const version of VERSIONS) {
  test(`${version.name}: each middleware is a span below the request's, its own work below it`, async (t) => {
    const app = await traced(
      t,
      version,
      (app, tracing) => {
        app.use(async function slow(_request: Request, _response: Response, next: NextFunction) {
          await tracing.startActiveSpan("lookup", () => new Promise((resolve) => setImmediate(resolve)));
          next();
        });
        app.use((_request, _response, next) => next());
        app.use("/orgs/:org", version.express.Router().use(early, broken).get("/items/:id", work));
        function work(_request: Request, response: Response): void {
          tracing.startActiveSpan("work", () => response.end());
        }
      },
      { traceMiddleware: true },
    );
    const before =
      "\n  slow component=express middleware.type=middleware\n    lookup\n  middleware component=express middleware.type=middleware";
    const rest = " component=express middleware.type=middleware";
    for (const [query, expected, spans] of [
      [
        "",
        `GET /orgs/:org/items/:id  server 200 component=express${before}\n  early${rest}\n  broken${rest}\n  work`,
        7,
      ],
      ["?early", `GET  server 401 component=express${before}\n  early${rest}`, 5],
      [
        "?broken",
        `GET  server 500 error=Error component=express${before}\n  early${rest}\n  broken  error=Error${rest}`,
        6,
      ],
    ] as const) {
      app.reporter.clear();
      await app.request(`GET /orgs/7/items/8${query}`);
      await app.reporter.waitFor(spans);
      assert.equal(
        spanTree(app.reporter.spans, { tags: ["component", "middleware.type"] }).replaceAll(
          /(\n +\w+) {2}component/g,
          "$1 component",
        ),
        `\n${expected}`,
      );
    }
  });

  test(`${version.name}: the plug-in says for its application whether middleware has spans`, async (t) => {
    const on = await traced(t, version, (app) => {
      app.use(expressTracing({ traceMiddleware: true }), early).get("/", (_request, response) => void response.end());
    });
    await on.request("GET /");
    await on.reporter.waitFor(2);
    assert.equal(spanTree(on.reporter.spans), "\nGET /  server 200\n  early");
    const off = await traced(
      t,
      version,
      (app) => {
        app
          .use(expressTracing({ traceMiddleware: false }), early)
          .get("/", (_request, response) => void response.end());
      },
      { traceMiddleware: true },
    );
    await off.request("GET /");
    await off.reporter.waitFor(1);
    assert.equal(spanTree(off.reporter.spans), "\nGET /  server 200");
  });
}
