// docs/migrating.md, "From express-opentracing": their application and ours, side by side.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import express, { type RequestHandler } from "express";
import { initTracing, MemoryReporter, Tracer } from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { FORMAT_TEXT_MAP, type Span } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { requireTracer } from "./protocols.js";

declare global {
  namespace Express {
    interface Request {
      span: Span;
    }
  }
}

const { default: middleware } = requireTracer("express-opentracing") as {
  default: (options: { tracer: Tracer }) => RequestHandler;
};

const SHOWN = { tags: ["http.method", "http.url", "order.id"] };

/** Asks an application for an order that there is and one that fails, and answers the first answer. */
async function play(app: RequestListener, reporter: MemoryReporter): Promise<string> {
  const server = http.createServer(app);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  const answer = await client.send("GET /orders/7?page=2 HTTP/1.1\r\nhost: a\r\n\r\n").until("order 7");
  await client.send("GET /orders/0 HTTP/1.1\r\nhost: a\r\n\r\n").until("order 0");
  await reporter.waitFor(2);
  server.close();
  server.closeAllConnections();
  return answer;
}

test("before: express-opentracing, with any tracer", async () => {
  resetDiagnostics();
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });

  const app = express();
  app.use(middleware({ tracer }));
  app.get("/orders/:id", (request, response) => {
    request.span.setTag("order.id", request.params.id);
    if (request.params.id === "0") response.status(500);
    response.send(`order ${request.params.id}`);
  });

  const answer = await play(app, reporter);
  assert.match(answer, /\r\ntraceparent: 00-/i);
  assert.equal(
    spanTree(reporter.spans, SHOWN),
    `
/orders/:id  server 200 http.method=GET http.url=/orders/7?page=2 order.id=7
/orders/:id  server 500 error http.method=GET http.url=/orders/0 order.id=0`,
  );
  assert.ok((diagnostics()["span.finished_twice"] ?? 0) > 0, "it finishes on 'finish' and again on 'close'");
});

test("after: initTracing with the same tracer, nothing in the application but the span's place", async () => {
  resetDiagnostics();
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });

  const tracing = initTracing({ tracer });
  const app = express();
  app.get("/orders/:id", (request, response) => {
    tracing.getSpan(request)?.setTag("order.id", request.params.id);
    if (request.params.id === "0") response.status(500);
    response.send(`order ${request.params.id}`);
  });

  await play(app, reporter);
  await tracing.close();
  assert.equal(
    spanTree(reporter.spans, SHOWN),
    `
GET /orders/:id  server 200 http.method=GET http.url=/orders/7?page=2 order.id=7
GET /orders/:id  server 500 error http.method=GET http.url=/orders/0 order.id=0`,
  );
  assert.deepEqual(diagnostics(), {});
});

test("after, with what express-opentracing did besides: request.span, the trace's headers on the response", async () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });

  const tracing = initTracing({ tracer });
  const app = express();
  app.use((request, response, next) => {
    const span = tracing.getSpan(request);
    if (span !== undefined) {
      const headers: Record<string, string> = {};
      tracer.inject(span, FORMAT_TEXT_MAP, headers);
      for (const name in headers) response.setHeader(name, headers[name]!);
      request.span = span;
    }
    next();
  });
  app.get("/orders/:id", (request, response) => {
    request.span.setTag("order.id", request.params.id);
    if (request.params.id === "0") response.status(500);
    response.send(`order ${request.params.id}`);
  });

  assert.match(await play(app, reporter), /\r\ntraceparent: 00-/i);
  await tracing.close();
  assert.equal(
    spanTree(reporter.spans, { tags: ["order.id"] }),
    `
GET /orders/:id  server 200 order.id=7
GET /orders/:id  server 500 error order.id=0`,
  );
});
