// A service with everything that dd-trace has plug-ins for, started as a process of its own. Ends on SIGTERM.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import http, { type RequestListener } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { createRequire } from "node:module";
import net, { type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Express } from "express";
import type { FastifyInstance } from "fastify";
import type { Hono } from "hono";
import type Koa from "koa";
import { initTracing } from "node-opentracing";
import { Trace } from "node-opentracing/nest";
import type { Dispatcher } from "undici";
import { requireTracer } from "./protocols.js";

interface Datadog {
  trace<T>(name: string, fn: () => T): T;
  scope(): { active(): { setTag(name: string, value: string): void } | null };
}
interface Postgres {
  connect(): Promise<void>;
  query(text: string): Promise<{ rows: { answer: string }[] }>;
}
interface Redis extends NodeJS.EventEmitter {
  get(key: string): Promise<string>;
}

const tracing = initTracing();
// As an application of CommonJS: dd-trace sees what is required, an ES module it sees with a loader alone.
const require = createRequire(import.meta.url);
const datadog = createRequire(join(process.cwd(), "x.js"))("dd-trace") as Datadog;
const express = require("express") as () => Express;
const fastify = require("fastify") as () => FastifyInstance;
const { Hono: HonoApp } = require("hono") as { Hono: new () => Hono };
const { getRequestListener } = require("@hono/node-server") as {
  getRequestListener(fetch: Hono["fetch"]): RequestListener;
};
const KoaApp = (require("koa") as { default: new () => Koa }).default;
const { request } = require("undici") as { request(url: string): Promise<Dispatcher.ResponseData> };
const { Client: PostgresClient } = requireTracer("pg") as { Client: new (options: object) => Postgres };
const RedisClient = requireTracer("ioredis") as new (port: number, host: string, options: object) => Redis;
const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../../..");
const tls = {
  key: readFileSync(join(root, "test/hosts/test-key.pem")),
  cert: readFileSync(join(root, "test/hosts/test-certificate.pem")),
};

const expressApp = express();
expressApp.get("/orders/:id", (_request, response) => void response.send("hello"));
const fastifyApp = fastify();
fastifyApp.get("/orders/:id", () => "hello");
const koaApp = new KoaApp();
koaApp.use((context) => {
  context.body = "hello";
});

const honoApp = new HonoApp();
honoApp.get("/orders/:id", (context) => context.text("hello"));

/** Answers every command of Redis's protocol with the text `hello`. */
const redisServer = net.createServer((socket) => {
  socket.on("data", (data) => {
    for (const _ of data.toString().matchAll(/\*\d+\r\n/g)) socket.write("$5\r\nhello\r\n");
  });
});

/** A message of PostgreSQL's protocol: its type, its length, its body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
const READY = message("Z", Buffer.from("I"));

/** Lets everybody in, and answers every query with one column, `answer`, of one row, `hello`. */
const postgresServer = net.createServer((socket) => {
  socket.once("data", () => {
    socket.write(Buffer.concat([message("R", Buffer.alloc(4)), READY]));
    socket.on("data", (data) => {
      if (data.toString("latin1", 0, 1) !== "Q") return;
      const column = Buffer.from("\x00\x01answer\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", "latin1");
      const row = Buffer.from("\x00\x01\0\0\0\x05hello", "latin1");
      socket.write(
        Buffer.concat([message("T", column), message("D", row), message("C", Buffer.from("SELECT 1\0")), READY]),
      );
    });
  });
});

const ports = {
  express: await listening(http.createServer(expressApp)),
  fastify: new URL(await fastifyApp.listen({ port: 0, host: "127.0.0.1" })).port,
  koa: await listening(http.createServer(koaApp.callback() as RequestListener)),
  plain: await listening(http.createServer((_request, response) => response.end("hello"))),
  tls: await listening(https.createServer(tls, (_request, response) => response.end("hello"))),
  http2: await listening(http2.createServer((_request, response) => void response.end("hello"))),
  hono: await listening(http.createServer(getRequestListener(honoApp.fetch))),
  redis: await listening(redisServer),
  postgres: await listening(postgresServer),
};
const redis = new RedisClient(ports.redis, "127.0.0.1", { enableReadyCheck: false, disableClientInfo: true });
await once(redis, "ready");
const postgres = new PostgresClient({ host: "127.0.0.1", port: ports.postgres, user: "shop", database: "shop" });
await postgres.connect();

const text = async (url: string): Promise<string> => (await fetch(url)).text();

const routes: Record<string, () => unknown> = {
  "/express": () => text(`http://127.0.0.1:${ports.express}/orders/7`),
  "/fastify": () => text(`http://127.0.0.1:${ports.fastify}/orders/7`),
  "/koa": () => text(`http://127.0.0.1:${ports.koa}/orders/7`),
  "/hono": () => text(`http://127.0.0.1:${ports.hono}/orders/7`),
  "/http": () => got(http.get(`http://127.0.0.1:${ports.plain}/`)),
  "/https": () => got(https.get(`https://127.0.0.1:${ports.tls}/`, { rejectUnauthorized: false })),
  "/http2": async () => {
    const session = http2.connect(`http://127.0.0.1:${ports.http2}`);
    const stream = session.request({ ":path": "/" });
    const body = (await stream.setEncoding("utf8").toArray()).join("");
    session.close();
    return body;
  },
  "/undici": async () => (await request(`http://127.0.0.1:${ports.plain}/`)).body.text(),
  "/redis": () => redis.get("key"),
  "/postgres": async () => (await postgres.query("SELECT answer")).rows[0]?.answer,
  "/nested": () =>
    datadog.trace("of dd-trace", () =>
      tracing.startActiveSpan("ours", () => {
        datadog.scope().active()?.setTag("seen", "by dd-trace");
        tracing.activeSpan()?.log({ event: "noted", items: 2 });
        return datadog.trace("of dd-trace again", () => text(`http://127.0.0.1:${ports.plain}/`));
      }),
    ),
  "/method": () => new Stock().find(),
  "/fail": () => {
    throw new TypeError("no stock");
  },
};

class Stock {
  @Trace()
  find(): never {
    throw new RangeError("none left");
  }
}

const server = http.createServer(async (incoming, response) => {
  try {
    response.end(await routes[incoming.url ?? ""]?.());
  } catch (error) {
    tracing.activeSpan()?.log({ event: "error", "error.object": error });
    response.writeHead(500).end();
  }
});
const port = await listening(server);
console.log(`port ${port}`);

async function listening(one: net.Server): Promise<number> {
  await once(one.listen(0, "127.0.0.1"), "listening");
  return (one.address() as AddressInfo).port;
}

async function got(outgoing: http.ClientRequest): Promise<string> {
  const [response] = (await once(outgoing, "response")) as [http.IncomingMessage];
  return (await response.setEncoding("utf8").toArray()).join("");
}
