// docs/clients.md: every snippet runs, and does what the page says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { traceFetch } from "#src/clients/fetch.js";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import { listenOnFreshPort } from "#src/testing/fresh-port.js";

// Tests run in the repository's folder.
const page = readFileSync("docs/clients.md", "utf8");
const snippets = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!.replace(/^import .*\n/gm, ""));

/** Runs a snippet against two servers and answers its client spans and the paths that got trace headers. */
async function run(code: string): Promise<{ reporter: MemoryReporter; origin: string; told: string[] }> {
  const told: string[] = [];
  const servers = await Promise.all([1, 2].map(() => listen(told)));
  const [origin, elsewhere] = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const undos: (() => void)[] = [];
  const initClientTracing = (given: Tracer, options?: TracingOptions) => {
    const tracing = new Tracing(given, options);
    undos.push(traceNodeHttpClient(tracing.http), traceFetch(tracing.http));
  };
  try {
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    await new AsyncFunction("initClientTracing", "tracer", "origin", "elsewhere", code)(
      initClientTracing,
      tracer,
      origin,
      elsewhere,
    );
  } finally {
    for (const undo of undos) undo();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
  return { reporter, origin: origin!, told };
}

async function listen(told: string[]): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    if (request.headers["traceparent"] !== undefined) told.push(request.url!);
    if (request.url === "/old") response.writeHead(302, { location: "/new" }).end();
    else response.end("answer");
  });
  await listenOnFreshPort(server);
  return server;
}

test("docs/clients.md has the snippets that are run here", () => assert.equal(snippets.length, 4));

test("docs: a fetch is a client span, with secrets redacted", async () => {
  const { reporter, origin } = await run(snippets[0]!);
  assert.equal(
    spanTree(reporter.spans, { tags: ["component", "http.url"] }),
    `\nGET  client 200 component=fetch http.url=${origin}/orders/7?token=REDACTED`,
  );
});

test("docs: a redirect is a hop of the one span", async () => {
  const { reporter, origin, told } = await run(snippets[1]!);
  assert.equal(
    spanTree(reporter.spans, { tags: ["http.resend_count"], logs: true }),
    `\nGET  client 200 http.resend_count=1\n  - redirect http.url=${origin}/new http.resend_count=1 http.status_code=302`,
  );
  assert.deepEqual(told, ["/old", "/new"]);
});

test("docs: propagateTo limits where headers go", async () => {
  const { reporter, told } = await run(snippets[2]!);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200\nGET  client 200");
  assert.deepEqual(told, ["/inside"]);
});

test("docs: filter, operationName and startSpanCb get the request", async () => {
  const { reporter, origin } = await run(snippets[3]!);
  assert.equal(
    spanTree(reporter.spans, { tags: ["peer.port"] }),
    `\nGET /orders  client 200 peer.port=${new URL(origin).port}`,
  );
});
