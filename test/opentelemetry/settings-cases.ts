// Settings of ours beside OpenTelemetry's instrumentation of node:http, which has patched it before.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { initTracing, Tracing, traceServer } from "node-opentracing";
import { RawClient } from "node-opentracing/testing";
import type { Instrumentation, ReadableSpan, Sdk } from "./sdk.js";
import { otelTree } from "./tree.js";

type Settings = Parameters<typeof initTracing>[0];

/** Registers the cases. */
export function settingsCases(sdk: Sdk): void {
  const { api, ours, require } = sdk;
  let spans: ReadableSpan[] = [];
  api.trace.setGlobalTracerProvider(sdk.provider((span) => spans.push(span)));
  const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
  const instrumentation: Instrumentation = new HttpInstrumentation();
  require("@opentelemetry/instrumentation").registerInstrumentations({ instrumentations: [instrumentation] });
  require("node:http");

  async function answered(t: TestContext, listener: RequestListener, prepare?: (server: http.Server) => void) {
    spans = [];
    const server = http.createServer(listener);
    prepare?.(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const client = await RawClient.connect((server.address() as AddressInfo).port);
    await client.send("GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
    await client.end();
    while (spans.length === 0) await new Promise(setImmediate);
    return otelTree(spans);
  }

  function started(t: TestContext, settings: Settings = {}): Tracing {
    const tracing = initTracing({ ...ours.openTelemetryBinding(), ...settings });
    t.after(() => tracing.close());
    return tracing;
  }

  test("by its name, as a setting or in OPENTRACING_TRACER: one span a request, ours, and OpenTelemetry's below it", async (t) => {
    instrumentation.disable();
    t.after(() => instrumentation.enable());
    for (const settings of [{ tracerCallable: "opentelemetry" }, undefined]) {
      if (settings === undefined) process.env["OPENTRACING_TRACER"] = "opentelemetry";
      const tracing = initTracing(settings);
      delete process.env["OPENTRACING_TRACER"];
      const tree = await answered(t, (_request, response) => {
        api.trace.getTracer("app").startSpan("inside").end();
        response.end();
      });
      await tracing.close();
      assert.equal(
        tree,
        `
GET  server 200
  inside  [app]`,
      );
    }
  });

  test("a request that our filter leaves alone has OpenTelemetry's span, which stays active", async (t) => {
    started(t, { filter: () => false });
    const tree = await answered(t, (_request, response) => {
      api.trace.getTracer("app").startSpan("inside").end();
      response.end();
    });
    assert.equal(
      tree,
      `
GET  server 200 [instrumentation-http]
  inside  [app]`,
    );
  });

  test("with traceAll off a decorated handler's span is OpenTelemetry's", async (t) => {
    const tracing = started(t, { traceAll: false });
    const handler = tracing.trace("method")((request: http.IncomingMessage, response: http.ServerResponse) => {
      tracing.getSpan(request)!.setTag("mine", 1);
      response.end();
    });
    assert.equal(
      await answered(t, handler),
      `
GET  server 200 [instrumentation-http]`,
    );
    assert.deepEqual([spans[0]!.attributes["mine"], spans[0]!.attributes["method"]], [1, "GET"]);
  });

  test("a server that is traced alone has our span", async (t) => {
    const { tracer, scopeManager } = ours.openTelemetryBinding();
    const tracing = new Tracing(tracer, { scopeManager });
    t.after(() => tracing.close());
    const tree = await answered(
      t,
      (_request, response) => response.end(),
      (server) => traceServer(server, tracing),
    );
    assert.equal(tree, "\nGET  server 200");
  });

  test("after close OpenTelemetry traces as before", async (t) => {
    await initTracing(ours.openTelemetryBinding()).close();
    const tree = await answered(t, (_request, response) => response.end());
    assert.equal(tree, "\nGET  server 200 [instrumentation-http]");
  });

  test("a second span of kind server in a request is one of its own", async (t) => {
    const tracing = started(t);
    const tree = await answered(t, (_request, response) => {
      const tags = { "span.kind": "server" };
      tracing.tracer.startSpan("message", { childOf: tracing.activeSpan()!, tags }).finish();
      response.end();
    });
    assert.equal(
      tree,
      `
GET  server 200
  message  server`,
    );
  });

  test("instrumentation-undici started after us: trace headers go out once, and from the second request on there is one span", async (t) => {
    instrumentation.disable();
    t.after(() => instrumentation.enable());
    started(t);
    // We have looked once more by then for who else listens.
    await new Promise(setImmediate);
    const { UndiciInstrumentation } = require("@opentelemetry/instrumentation-undici");
    const late: Instrumentation = new UndiciInstrumentation();
    t.after(() => late.disable());
    const undici: { request(url: string, options: object): Promise<{ body: { text(): Promise<string> } }> } =
      (await import("undici")) as never;
    const headers: string[][] = [];
    const server = http.createServer((request, response) => {
      headers.push(request.rawHeaders.filter((name) => ["traceparent", "x-mine"].includes(name.toLowerCase())));
      response.end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    spans = [];
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (let i = 0; i < 2; i++) {
      const { body } = await undici.request(origin, { headers: { "x-mine": "1" } });
      await body.text();
    }
    while (spans.length < 5) await new Promise(setImmediate);
    assert.deepEqual(headers, [
      ["x-mine", "traceparent"],
      ["x-mine", "traceparent"],
    ]);
    const [clients, servers] = [2, 1].map((kind) => spans.filter((span) => span.kind === kind));
    const ids = clients!.map((span) => span.spanContext().spanId);
    assert.equal(clients!.length, 3);
    for (const { parentSpanContext } of servers!) assert.ok(ids.includes(parentSpanContext!.spanId));
  });
}
