// The server contract's application in Koa, with @koa/router.

import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import Router, { type RouterContext } from "@koa/router";
import Koa from "koa";
import { Tracing } from "node-opentracing";
import { koaTracing } from "node-opentracing/koa";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

const older = createRequire(join(process.cwd(), "test/older/package.json"));

/** One release of Koa with one of its router. */
export interface KoaRelease {
  readonly name: string;
  readonly Koa: typeof Koa;
  readonly Router: typeof Router;
}

export const KOA_RELEASES: readonly KoaRelease[] = [
  { name: "koa 3.3", Koa, Router },
  { name: "koa 2.16", Koa: older("koa"), Router: older("@koa/router") },
];

/** Each release, traced by `initTracing()` with the middleware, and alone by the middleware. */
export const KOA_HOSTS: readonly ContractHost[] = KOA_RELEASES.flatMap((release) => [
  host(release, release.name, false),
  host(release, `${release.name} alone`, true),
]);

function host(release: KoaRelease, name: string, alone: boolean): ContractHost {
  return {
    name,
    component: "koa",
    startComponent: "node:http",
    operationName: (method, route) => `${method} ${route}`,
    start: (setup) => start(setup, release, alone),
    skip: alone ? [{ test: "end: an upgrade that is refused: 403", reason: "an upgrade reaches no middleware" }] : [],
  };
}

/** The application, whatever server it is for. */
export function koaApp(setup: ContractSetup, { Koa, Router }: KoaRelease, tracing: Tracing, alone: boolean): Koa {
  const app = new Koa();
  app.silent = true;
  const router = new Router();
  routes(router, setup, setup.decorate === undefined ? (handler) => handler : tracing.trace([...setup.decorate]));
  app.use(koaTracing(alone ? { tracing } : {}));
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

async function start(setup: ContractSetup, release: KoaRelease, alone: boolean): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = alone ? () => {} : traceServers(tracing.http);
  const server: Server = koaApp(setup, release, tracing, alone).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    tracing,
    async close() {
      server.close();
      server.closeAllConnections();
      undo();
      await tracing.close();
    },
  };
}

type Handler = (ctx: RouterContext) => unknown;

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function routes(router: Router, { probe }: ContractSetup, decorated: (handler: Handler) => Handler): void {
  function add(method: "get" | "post", path: string, handler: Handler): void {
    router[method](path, decorated(handler));
  }
  add("get", "/ok", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.body = "ok";
  });
  add("get", "/items/:id", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.body = ctx["params"].id;
  });
  add("post", "/upload", async (ctx) => {
    await probe(ctx.req, ctx.res);
    let length = 0;
    for await (const chunk of ctx.req) length += (chunk as Buffer).length;
    ctx.body = String(length);
  });
  add("get", "/status/:code", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.body = "";
    ctx.status = Number(ctx["params"].code);
  });
  add("get", "/throw", (ctx) => {
    probe(ctx.req, ctx.res);
    throw contractError();
  });
  add("get", "/reject", async (ctx) => {
    await probe(ctx.req, ctx.res);
    await tick();
    throw contractError();
  });
  add("get", "/refuse", async (ctx) => {
    await probe(ctx.req, ctx.res);
    throw contractError(404);
  });
  add("get", "/stream", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.body = Readable.from(words());
  });
  add("get", "/cut", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.respond = false;
    ctx.res.statusCode = 200;
    ctx.res.write("one", () => ctx.res.destroy());
  });
  add("get", "/break", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.res.statusCode = 200;
    await new Promise((resolve) => ctx.res.write("one", resolve));
    probe(ctx.req, ctx.res);
    throw contractError();
  });
  add("get", "/hold", async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.respond = false;
    ctx.res.statusCode = 200;
    ctx.res.write("one");
  });
  const never: Handler = async (ctx) => {
    await probe(ctx.req, ctx.res);
    ctx.req.on("error", () => {}).resume();
    await new Promise(() => {});
  };
  add("get", "/never", never);
  add("post", "/never", never);
}

async function* words(): AsyncGenerator<string> {
  yield "one ";
  await tick();
  yield "two ";
  await tick();
  yield "three";
}
