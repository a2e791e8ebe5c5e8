// restify with what is hard about it: handlers before the route, errors on every way, ends of connections, each span written out.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { MemoryReporter, Tracer, Tracing, traceServer } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { loadRestify, type RestifyServer } from "./restify.js";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function build(app: RestifyServer, tracing: Tracing): void {
  app.pre((request, response, next) => {
    if (request.headers.authorization === "none") response.send(401, "no");
    next(request.headers.authorization === "none" ? false : undefined);
  });
  app.use(async () => {
    await tracing.startActiveSpan("authenticate", tick);
  });
  app.get("/orgs/:org/items/:id", async (request, response) => {
    response.send(200, `${request.params["org"]} ${request.params["id"]}`);
  });
  app.get("/fail/:how", (request, _response, next) => {
    if (request.params["how"] === "status") next(Object.assign(new Error("teapot"), { statusCode: 418 }));
    else if (request.params["how"] === "upstream") next(Object.assign(new TypeError("upstream"), { status: 404 }));
    else next(new TypeError("passed"));
  });
  app.get("/stream", async (_request, response) => {
    for (const word of ["one ", "two "]) {
      response.write(word);
      await tick();
    }
    response.end("three");
  });
  app.post("/upload", async (request, response) => {
    for await (const _chunk of request);
    response.send(200, "read");
  });
}

/** Sends, waits for what the answers end with (or leaves once the first span is there), and answers the spans. */
async function spans(t: TestContext, sent: string, until: string | undefined, count: number): Promise<string> {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const { restify, unload } = loadRestify();
  const app = restify.createServer();
  build(app, tracing);
  const { server } = app;
  const undo = traceServer(server, tracing);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
    undo();
    unload();
  });
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  client.send(sent);
  if (until !== undefined) await client.until(until);
  else while (reporter.spans.length === 0) await tick();
  await tick();
  client.leave();
  await reporter.waitFor(count);
  return spanTree(reporter.spans, { tags: ["component"] })
    .slice(1)
    .replaceAll("server", "");
}

const head = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, "host: a", ...headers, "", ""].join("\r\n");
const ITEM = "/orgs/acme/items/7";

for (const [name, sent, until, expected] of [
  [
    "a route with parameters",
    head(`GET ${ITEM}`),
    "acme 7",
    "GET /orgs/:org/items/:id   200 component=restify\n  authenticate",
  ],
  ["a handler before the route", head(`GET ${ITEM}`, "authorization: none"), '"no"', "GET   401 component=restify"],
  ["404", head("GET /none"), "does not exist", "GET   404 component=restify"],
  ["405", head(`PUT ${ITEM}`), "not allowed", "PUT   405 component=restify"],
  [
    "an error that is passed on",
    head("GET /fail/so"),
    "passed",
    "GET /fail/:how   500 error=TypeError component=restify\n  authenticate",
  ],
  [
    "an error with a status below 500",
    head("GET /fail/status"),
    "418",
    "GET /fail/:how   418 component=restify\n  authenticate",
  ],
  [
    "an error with an upstream's status, answered with 500",
    head("GET /fail/upstream"),
    "upstream",
    "GET /fail/:how   500 error=TypeError component=restify\n  authenticate",
  ],
  ["a streamed body", head("GET /stream"), "three", "GET /stream   200 component=restify\n  authenticate"],
  [
    "an aborted upload",
    `${head("POST /upload", "content-length: 9")}half`,
    undefined,
    "POST /upload   error=request_aborted component=restify\n  authenticate",
  ],
  [
    "pipelining",
    head(`GET ${ITEM}`) + head("GET /none") + head(`GET ${ITEM.replace("7", "8")}`),
    "acme 8",
    "GET /orgs/:org/items/:id   200 component=restify\n  authenticate\nGET   404 component=restify\nGET /orgs/:org/items/:id   200 component=restify\n  authenticate",
  ],
] as const) {
  test(`restify 12: hard app: ${name}`, async (t) => {
    assert.equal(await spans(t, sent, until, expected.split("\n").length), expected);
  });
}
