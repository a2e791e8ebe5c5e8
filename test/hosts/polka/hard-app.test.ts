// polka with middleware, an application in an application, errors and ends of connections: named by the method, and true to the end.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { MemoryReporter, Tracer, Tracing, traceServer } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { polka } from "./polka.js";

/** Sends to a polka application, and answers the spans once the connection is closed. */
async function spans(t: TestContext, sent: string, until: string, count: number): Promise<string> {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const app = polka()
    .use(async (request, response, next) => {
      await tracing.startActiveSpan("authenticate", () => new Promise((resolve) => setImmediate(resolve)));
      if (request.headers.authorization === "none") response.writeHead(401).end("no");
      else next();
    })
    .use(
      "/users",
      polka().get("/:id", (request, response) => response.end(`user ${request.params["id"]}`)),
    )
    .get("/fail", (_request, _response, next) => next(new TypeError("broken")))
    .get("/hold", (_request, response) => response.write("one"));
  const server = http.createServer(app.handler);
  const undo = traceServer(server, tracing);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
    undo();
  });
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send(sent).until(until);
  client.leave();
  await reporter.waitFor(count);
  return spanTree(reporter.spans, { tags: ["component"] }).slice(1);
}

const head = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, "host: a", ...headers, "", ""].join("\r\n");

for (const [name, sent, until, end] of [
  ["an application in an application", head("GET /users/7"), "user 7", "200 component=node:http"],
  ["a middleware that answers early", head("GET /users/7", "authorization: none"), "no", "401 component=node:http"],
  ["an error that is passed on", head("GET /fail"), "broken", "500 error component=node:http"],
  ["404", head("GET /none"), "Not Found", "404 component=node:http"],
  ["the client leaves", head("GET /hold"), "one", "200 error=client_disconnect component=node:http"],
] as const) {
  test(`polka 0.5: hard app: ${name}`, async (t) => {
    assert.equal(await spans(t, sent, until, 2), `GET  server ${end}\n  authenticate`);
  });
}
