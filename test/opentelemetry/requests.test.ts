// Requests in and out while we are registered with OpenTelemetry: what they inherit of contexts, and what they do not.

import assert from "node:assert/strict";
import dns from "node:dns";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { test } from "node:test";
import { initTracing, MemoryReporter, OtlpReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { startBackEnd } from "../report/back-end.js";
import { decodeProtobuf, spansOf } from "../report/otlp-decoder.js";
import { api, registerOpenTelemetry, requirePeer } from "./api.js";

const { context, propagation, ROOT_CONTEXT, trace } = api;
const SUPPRESS = api.createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

async function listening(t: import("node:test").TestContext, server: http.Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function started(t: import("node:test").TestContext, settings = {}): [ReturnType<typeof initTracing>, MemoryReporter] {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter, ...settings });
  t.after(() => tracing.close());
  registerOpenTelemetry(tracing);
  return [tracing, reporter];
}

test("a request begins with nothing of the context in which its server was made, not even suppression", async (t) => {
  const [tracing, reporter] = started(t, { filter: (request: { url?: string }) => request.url !== "/untraced" });
  const key = api.createContextKey("tenant");
  const seen: unknown[] = [];
  const baggage = propagation.createBaggage({ of: { value: "boot" } });
  const boot = propagation.setBaggage(ROOT_CONTEXT.setValue(key, "boot").setValue(SUPPRESS, true), baggage);
  const origin = await context.with(boot, () =>
    listening(
      t,
      http.createServer((_request, response) => {
        seen.push([
          context.active().getValue(key),
          propagation.getActiveBaggage(),
          trace.getActiveSpan()?.isRecording(),
        ]);
        tracing.startActiveSpan("work", () => response.end());
      }),
    ),
  );
  for (const path of ["/a", "/untraced"]) await (await fetch(origin + path)).text();
  assert.deepEqual(seen, [
    [undefined, undefined, true],
    [undefined, undefined, undefined],
  ]);
  await reporter.waitFor(5);
  const works = reporter.spans.filter(({ operationName }) => operationName === "work");
  assert.deepEqual(
    works.map(({ parentSpanId1 }) => parentSpanId1 !== 0),
    [true, false],
  );
});

test("where an OpenTelemetry library suppresses tracing, its own requests are no spans and carry no headers", async (t) => {
  const [tracing, reporter] = started(t, {
    filter: (request: { component?: string }) => request.component !== undefined,
  });
  const headers: http.IncomingHttpHeaders[] = [];
  const origin = await listening(
    t,
    http.createServer((request, response) => {
      headers.push(request.headers);
      response.end();
    }),
  );
  const get = (): Promise<void> =>
    new Promise((resolve) => {
      http.get(origin, (response) => response.resume().on("end", resolve));
    });
  await tracing.startActiveSpan("around", async () => {
    await context.with(context.active().setValue(SUPPRESS, true), async () => {
      await (await fetch(origin)).text();
      await get();
    });
    await get();
  });
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\naround\n  GET  client 200");
  assert.deepEqual(
    headers.map((one) => one["traceparent"] !== undefined),
    [false, false, true],
  );
});

test("OpenTelemetry's instrumentation of Express: its spans of middleware and routes stand below our request's", async (t) => {
  const { ExpressInstrumentation } = requirePeer("@opentelemetry/instrumentation-express");
  const instrumentation = new ExpressInstrumentation();
  t.after(() => instrumentation.disable());
  const express = requirePeer("express");
  const [tracing, reporter] = started(t);
  const app = express();
  app.get("/orders/:id", (_request: unknown, response: { send(text: string): void }) => {
    tracing.startActiveSpan("load", () => {});
    response.send("an order");
  });
  const origin = await listening(t, http.createServer(app));
  http.get(`${origin}/orders/7`, (response) => response.resume());
  await reporter.waitFor(4);
  assert.equal(
    spanTree(reporter.spans),
    `
GET  client 200
  GET /orders/:id  server 200
    request handler
      load`,
  );
});

test("what a reporter does to send is traced by no library: look-ups, connections, what they call back", async (t) => {
  const backEnd = await startBackEnd(t, (response) => response.setHeader("connection", "close").end());
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint.replace("127.0.0.1", "localhost") });
  const tracing = new Tracing(new Tracer({ reporter }));
  t.after(() => tracing.close());
  registerOpenTelemetry(tracing);
  // As the instrumentations of dns and net patch.
  const lib = trace.getTracer("lib");
  const { lookup } = dns;
  const { connect } = net.Socket.prototype;
  const traced: string[] = [];
  const note = (name: string): void => {
    traced.push(name);
    lib.startSpan(name).end();
  };
  t.mock.method(dns, "lookup", (name: string, options: dns.LookupOptions, back: (...args: unknown[]) => void) => {
    note("lookup");
    lookup(name, options, (...args: unknown[]) => {
      note("looked up");
      back(...args);
    });
  });
  t.mock.method(net.Socket.prototype, "connect", function (this: net.Socket, ...args: Parameters<typeof connect>) {
    note("connect");
    this.once("close", () => note("closed"));
    return connect.apply(this, args);
  });
  for (const name of ["one", "two"]) {
    tracing.startActiveSpan(name, () => {});
    await tracing.flush();
  }
  assert.deepEqual([...new Set(traced)].slice(0, 3), ["connect", "lookup", "looked up"]);
  assert.deepEqual(
    backEnd.requests.flatMap(({ body }) => spansOf(decodeProtobuf(body)).map(({ name }) => name)),
    ["one", "two"],
  );
});
