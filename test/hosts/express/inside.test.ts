// An application of Express as a middleware of Koa or of Fastify: it names the requests that it answers, and leaves the others their name.

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import Router from "@koa/router";
import type { Express } from "express";
import Koa from "koa";
import { koaTracing } from "node-opentracing/koa";
import { RELEASES } from "../fastify/contract-app.js";
import { listening, namesOf } from "../listening.js";
import { traced } from "./app.js";
import { VERSIONS, type Version } from "./versions.js";

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** Puts an application, and then /outer/:id, into one of another framework. */
type Outside = (inner: Middleware) => RequestListener | Promise<RequestListener>;

const OUTSIDES: Record<string, Outside> = {
  koa(inner) {
    const router = new Router();
    router.get("/outer/:id", (ctx) => {
      ctx.body = "outer";
    });
    const app = new Koa();
    app.use(koaTracing());
    app.use((ctx, next) => {
      ctx.respond = false;
      return new Promise((resolve, reject) => {
        ctx.res.once("close", resolve);
        inner(ctx.req, ctx.res, (error) => {
          ctx.respond = true;
          if (error) reject(error);
          else resolve(next());
        });
      });
    });
    app.use(router.routes() as Koa.Middleware);
    return app.callback();
  },
};

for (const { name, fastify } of RELEASES) {
  OUTSIDES[name] = async (inner) => {
    const app = fastify();
    app.addHook("onRequest", (request, reply, done) => inner(request.raw, reply.raw, (error) => done(error as Error)));
    app.get("/outer/:id", async () => "outer");
    await app.ready();
    return app.routing;
  };
}

/** An application that has shown itself by a server of its own. */
async function shown(t: TestContext, version: Version) {
  let app: Express | undefined;
  const stage = await traced(t, version, (made) => {
    app = made;
    made.get("/inner/:id", (_request, response) => void response.end("inner"));
    made.get("/outer/:any", (_request, _response, next) => next());
  });
  assert.equal(await stage.spanOf("GET /inner/7"), "GET /inner/:id  server 200");
  stage.reporter.clear();
  return { inner: app as unknown as Middleware, reporter: stage.reporter };
}

for (const version of VERSIONS) {
  for (const [name, outside] of Object.entries(OUTSIDES)) {
    test(`${version.name} in ${name}: what it passes on keeps its route`, async (t) => {
      const { inner, reporter } = await shown(t, version);
      const { ask } = await listening(t, createServer(await outside(inner)));
      const names = await namesOf(ask, reporter, ["GET /inner/7", "GET /outer/7", "GET /none"]);
      assert.deepEqual(names, ["GET /inner/:id", "GET /outer/:id", "GET"]);
    });
  }
}
