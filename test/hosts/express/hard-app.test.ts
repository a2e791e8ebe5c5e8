// One application with all that is hard about Express, over raw connections: each case's spans written out.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Express as App, ErrorRequestHandler, RequestHandler } from "express";
import type { Tracing } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { type Stage, traced } from "./app.js";
import { VERSIONS, type Version } from "./versions.js";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Hands rejections on: Express 4 waits for no promise. */
function wrap(handler: (...args: Parameters<RequestHandler>) => Promise<unknown>): RequestHandler {
  return (request, response, next) => void handler(request, response, next).catch(next);
}

function build({ express }: Version, app: App, tracing: Tracing): void {
  const authenticated: RequestHandler = wrap(async (request, response, next) => {
    await tracing.startActiveSpan("authenticate", tick);
    if (request.headers.authorization === "none") response.status(401).end("no");
    else next();
  });
  const audited: RequestHandler = wrap(async (request) => {
    await tick();
    throw new RangeError(`no audit of ${request.method}`);
  });

  const items = express.Router({ mergeParams: true });
  items.param("item", (_request, _response, next, item) => {
    next(item === "0" ? Object.assign(new Error("no such item"), { status: 404 }) : undefined);
  });
  items
    .route("/:item")
    .get((request, response) => {
      const { org, item } = request.params as Record<string, string>; // `org` is of a router above
      response.send(`${org} ${item}`);
    })
    .delete(audited, (_request, response) => void response.send("never"));
  items.put("/:item/content", (request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on("end", () => response.send(String(length)));
  });
  items.get(
    "/:item/content",
    wrap(async (_request, response) => {
      for (const word of ["one ", "two "]) {
        response.write(word);
        await tracing.startActiveSpan("read", tick);
      }
      response.end("three");
    }),
  );

  const org = express.Router({ mergeParams: true }).use("/items", items);
  org.use(((error: Error, _request, response, next) => {
    if (error instanceof RangeError) response.status(503).send("later");
    else next(error);
  }) satisfies ErrorRequestHandler);
  const admin = express();
  admin.set("env", "test");
  admin.get("/stats", (_request, response) => void response.send("admin"));
  app.use("/api/:version", authenticated, express.Router().use("/orgs/:org", org));
  app.use("/admin", admin);
  app.use("/assets", express.static("docs"));
}

async function client(stage: Stage, send: string): Promise<RawClient> {
  const connection = await RawClient.connect(stage.port);
  return connection.send(send);
}

for (const version of VERSIONS) {
  /** Sends, waits for what the answers end with, and compares the spans. */
  function hard(name: string, sent: string, until: string | undefined, spans: number, expected: string): void {
    test(`${version.name}: hard app: ${name}`, async (t: TestContext) => {
      const stage = await traced(t, version, (app, tracing) => build(version, app, tracing));
      const connection = await client(stage, sent);
      if (until === undefined) {
        // The request is under way when its span's child has ended.
        while (stage.reporter.spans.length === 0) await tick();
        await tick();
      } else {
        await connection.until(until);
      }
      connection.leave();
      await stage.reporter.waitFor(spans);
      assert.equal(spanTree(stage.reporter.spans), `\n${expected}`);
    });
  }
  const head = (line: string, ...headers: string[]): string =>
    [`${line} HTTP/1.1`, "host: a", ...headers, "", ""].join("\r\n");
  const item = "/api/2/orgs/acme/items/7";
  const route = "/api/:version/orgs/:org/items/:item";

  hard(
    "routers in routers, and mergeParams",
    head(`GET ${item}`),
    "acme 7",
    2,
    `GET ${route}  server 200\n  authenticate`,
  );
  hard("HEAD", head(`HEAD ${item}`), "\r\n\r\n", 2, `HEAD ${route}  server 200\n  authenticate`);
  hard(
    "OPTIONS, which Express answers itself",
    head(`OPTIONS ${item}`),
    "DELETE",
    2,
    "OPTIONS  server 200\n  authenticate",
  );
  hard(
    "a middleware that answers early",
    head(`GET ${item}`, "authorization: none"),
    "no",
    2,
    "GET  server 401\n  authenticate",
  );
  hard(
    "a router.param handler that finds nothing",
    head(`GET ${item.replace("7", "0")}`),
    "404",
    2,
    "GET  server 404\n  authenticate",
  );
  hard(
    "a rejection in an asynchronous middleware of a route, answered by an error handler",
    head(`DELETE ${item}`),
    "later",
    2,
    `DELETE ${route}  server 503 error=RangeError\n  authenticate`,
  );
  hard(
    "a streamed body",
    head(`GET ${item}/content`),
    "three",
    4,
    `GET ${route}/content  server 200\n  authenticate\n  read\n  read`,
  );
  hard(
    "an upload",
    `${head(`PUT ${item}/content`, "content-length: 9")}halfwhole`,
    "\r\n\r\n9",
    2,
    `PUT ${route}/content  server 200\n  authenticate`,
  );
  hard(
    "an aborted upload",
    `${head(`PUT ${item}/content`, "content-length: 9")}half`,
    undefined,
    2,
    `PUT ${route}/content  server error=request_aborted\n  authenticate`,
  );
  hard("404 behind all of it", head("GET /api/2/orgs/acme/none"), "404", 2, "GET  server 404\n  authenticate");
  hard("a mounted application", head("GET /admin/stats"), "admin", 1, "GET /admin/stats  server 200");
  hard("a file", head("GET /assets/servers.md", "range: bytes=0-8"), "# Traced", 1, "GET  server 206");
  hard(
    "keep-alive and pipelining",
    head(`GET ${item}`) + head("GET /admin/none") + head(`GET ${item.replace("7", "8")}`),
    "acme 8",
    5,
    `GET ${route}  server 200\n  authenticate\nGET  server 404\nGET ${route}  server 200\n  authenticate`,
  );
}
