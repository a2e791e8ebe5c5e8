// A deliberately hard application in NestJS: the span tree of every request written out, and the same answers as without tracing.

import assert from "node:assert/strict";
import type { Server } from "node:http";
import { type TestContext, test } from "node:test";
import { type DynamicModule, VersioningType } from "@nestjs/common";
import { type FinishedSpan, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { TracingModule } from "node-opentracing/nest";
import { RawClient, spanTree } from "node-opentracing/testing";
import { hardApp } from "./hard-app.js";
import { listen, QUIET, RELEASES, type Release } from "./releases.js";

async function start(t: TestContext, release: Release, tracing: DynamicModule): Promise<number> {
  const app = await release.core.NestFactory.create(hardApp(release, tracing), release.adapter(), QUIET);
  app.setGlobalPrefix("api", { exclude: ["health"] });
  app.enableVersioning({ type: VersioningType.URI });
  const port = await listen(app);
  t.after(async () => {
    (app.getHttpServer() as Server).closeAllConnections();
    await app.close();
  });
  return port;
}

async function traced(t: TestContext, release: Release) {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const port = await start(t, release, TracingModule.forRoot({ tracing }));
  t.after(() => tracing.close());
  /** Resolves when that many requests have ended. */
  async function served(count: number): Promise<void> {
    while (reporter.spans.filter(isServer).length < count) await reporter.waitFor(reporter.spans.length + 1);
  }
  return { port, reporter, served };
}

const isServer = (span: FinishedSpan): boolean => span.tags.includes("http.url");

/** A request in full. The SSE route keeps its connection, whatever the client asks for: that answer is read to its last event. */
async function ask(port: number, line: string): Promise<string> {
  const [head, ...headers] = line.split("\n");
  if (!headers.some((header) => header.startsWith("host:"))) headers.push("host: a");
  const client = await RawClient.connect(port);
  client.send(`${[`${head} HTTP/1.1`, "connection: close", ...headers].join("\r\n")}\r\n\r\n`);
  const answer = await (line.endsWith("/sse") ? client.until("two\n\n") : client.end());
  client.leave();
  return answer;
}

/** Requests, and the tree of each: `*` stands where the platforms differ, or releases of them. */
const TREES: readonly (readonly [request: string, tree: string])[] = [
  [
    "GET /api/orgs/a/orders/7",
    `
GET /api/orgs/:org/orders/:id  server 200
  OrdersController.find
    Orders.find
      check order`,
  ],
  [
    "HEAD /api/orgs/a/orders/7",
    `
HEAD /api/orgs/:org/orders/:id  server 200
  OrdersController.find
    Orders.find
      check order`,
  ],
  [
    "GET /api/orgs/a/orders/0",
    `
GET /api/orgs/:org/orders/:id  server 500 error=RangeError
  - error error.object=RangeError: no order 0
  OrdersController.find  error=RangeError
    - error error.object=RangeError: no order 0
    Orders.find  error=RangeError
      - error error.object=RangeError: no order 0`,
  ],
  ["GET /api/orgs/a/orders/x", "\nGET /api/orgs/:org/orders/:id  server 400"],
  ["OPTIONS /api/orgs/a/orders/7", "\nOPTIONS  server 404"],
  ["PUT /api/orgs/a/orders/7", "\nPUT  server 404"],
  ["GET /api/nothing", "\nGET  server 404"],
  ["GET /nothing", "\nGET  server 404"],
  ["POST /api/orgs/a/orders\ncontent-length: 0", "\nPOST /api/orgs/:org/orders  server 202"],
  ["GET /api/orgs/a/events", "\nGET /api/orgs/:org/events  server 200\n  OrdersController.events"],
  ["GET /api/orgs/a/wrapped", "\nGET /api/orgs/:org/wrapped  server 200\n  Wrapping.intercept"],
  ["GET /api/orgs/a/files/b/c", "\nGET /api/orgs/:org/files/*  server 200"],
  ["GET /api/orgs/a/old", "\nGET /api/orgs/:org/old  server 301"],
  ["GET /api/orgs/a/sse", "\nGET /api/orgs/:org/sse  server 200"],
  [
    "GET /api/orgs/a/broken-file",
    `
GET /api/orgs/:org/broken-file  server 200 error=RangeError
  - error error.object=RangeError: disk`,
  ],
  ["GET /api/tenants\nhost: one.example.com", "\nGET /api/tenants  server 200"],
  ["GET /api/v2/cats/tom", "\nGET /api/v2/cats/:name  server 200"],
  ["GET /api/cats/tom", "\nGET  server 404"],
  ["GET /health", "\nGET /health  server 200"],
  ["GET /api/branches/b/leaves/l", "\nGET /api/branches/:branch/leaves/:leaf  server 200"],
  ["GET /api/fail/guard-forbids", "\nGET /api/fail/guard-forbids  server 403\n  Forbidding.canActivate"],
  ["GET /api/fail/guard", failed("GET /api/fail/guard", "RangeError: guard")],
  [
    "GET /api/fail/pipe/1",
    `
GET /api/fail/pipe/:id  server 500 error=RangeError
  - error error.object=RangeError: pipe
  FailingPipe.transform  error=RangeError
    - error error.object=RangeError: pipe`,
  ],
  ["GET /api/fail/interceptor", failed("GET /api/fail/interceptor", "RangeError: interceptor")],
  ["GET /api/fail/observable", failed("GET /api/fail/observable", "RangeError: observable")],
  ["GET /api/fail/conflict", "\nGET /api/fail/conflict  server 409"],
  ["GET /api/fail/filter-4xx", "\nGET /api/fail/filter-4xx  server 418"],
  ["GET /api/fail/filter-plain", failed("GET /api/fail/filter-plain", "RangeError: plain")],
  // The exception says that the client was at fault, the filter that it was not.
  [
    "GET /api/fail/filter-5xx",
    failed("GET /api/fail/filter-5xx", "ConflictException: hidden").replace("server 500", "server 503"),
  ],
  ["GET /api/fail/filter", "\nGET /api/fail/filter  server 422"],
  ["GET /api/fail/global-filter", "\nGET /api/fail/global-filter  server 422"],
  ["GET /api/scoped", failed("GET /api/scoped", "RangeError: constructor")],
  // No route answered these. Fastify knows which one would have.
  ["GET /api/orgs/a/orders/7\nx-gate: reject", failed("GET*", "RangeError: middleware")],
  ["GET /api/orgs/a/orders/7\nx-gate: fail", failed("GET*", "RangeError: next")],
  ["GET /api/orgs/a/orders/7\nx-gate: reply", "\nGET*  server 202"],
];

function failed(name: string, error: string): string {
  return `\n${name}  server 500 error=${error.split(":")[0]}\n  - error error.object=${error}`;
}

function assertTree(actual: string, expected: string): void {
  const pattern = expected.split("*").map((part) => part.replaceAll(/[.?+^$()[\]{}|\\]/g, "\\$&"));
  if (new RegExp(`^${pattern.join("[^\\n]*")}$`).test(actual)) return;
  assert.equal(actual, expected);
}

for (const release of RELEASES) {
  test(`${release.name}: a hard application, request by request`, async (t) => {
    const { port, reporter, served } = await traced(t, release);
    for (const [line, tree] of TREES) {
      await ask(port, line);
      await served(1);
      assertTree(spanTree(reporter.spans, { logs: true }), tree);
      reporter.clear();
    }
  });

  test(`${release.name}: every answer is the same as without tracing`, async (t) => {
    const { port } = await traced(t, release);
    const untraced = await start(t, release, { module: class Nothing {} });
    const withoutDate = (answer: string): string => answer.replace(/^date: .*\r\n/im, "");
    for (const [line] of TREES) {
      assert.equal(withoutDate(await ask(port, line)), withoutDate(await ask(untraced, line)), line);
    }
  });

  test(`${release.name}: pipelined and later requests of one connection, and an upload that the client gives up`, async (t) => {
    const { port, reporter, served } = await traced(t, release);
    const client = await RawClient.connect(port);
    const get = (id: number): string => `GET /api/orgs/a/orders/${id} HTTP/1.1\r\nhost: a\r\n\r\n`;
    client.send(get(1) + get(2));
    await client.until('"id":2');
    await client.send(get(3)).until('"id":3');
    await served(3);
    const order = `
GET /api/orgs/:org/orders/:id  server 200
  OrdersController.find
    Orders.find
      check order`;
    assert.equal(spanTree(reporter.spans), order.repeat(3));
    reporter.clear();
    client.send(
      "POST /api/orgs/a/orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    );
    client.leave();
    await served(1);
    assertTree(spanTree(reporter.spans), "\nPOST*  server* error=request_aborted");
  });
}
