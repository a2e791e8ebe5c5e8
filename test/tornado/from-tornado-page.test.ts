// The `ts` blocks of docs/from-tornado.md, run.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MemoryReporter, Tracer } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
// biome-ignore format: the line of the page
import { Application, AsyncHTTPClient, HTTPError, HTTPRequest, initClientTracing, initTracing, RequestHandler, type Route, TornadoScopeManager, TornadoTracing } from "node-opentracing/tornado";
import type { Span } from "opentracing";
import { tick } from "./scene.js";

/** Lets the page's `listen(8080)` take a free port. */
class Application8080 extends Application {
  server: Server | undefined;
  override listen(_port: number): Server {
    this.server = super.listen(0, "127.0.0.1");
    return this.server;
  }
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("the first block: an application with everything traced", async (t) => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const Application = Application8080;
  t.after(initTracing());
  initTracing();

  class StoryHandler extends RequestHandler {
    async get(id: string) {
      if (Number(id) === 0) throw new HTTPError(404);
      this.write({ status: "fetched" });
    }
  }

  const app = new Application([["/story/([0-9]+)", StoryHandler]], {
    opentracingTracing: new TornadoTracing(tracer),
    opentracingTraceAll: true,
    opentracingTracedAttributes: ["protocol", "method"],
  });
  app.listen(8080); // returns the http.Server; app.close() ends it

  const url = `http://127.0.0.1:${await portOf(app.server!)}/story`;
  const response = await new AsyncHTTPClient().fetch(`${url}/7`);
  assert.equal(String(response.body), '{"status":"fetched"}');
  await assert.rejects(new AsyncHTTPClient().fetch(`${url}/0`), { code: 404 });
  await app.close();
  await reporter.waitFor(4);
  assert.equal(
    spanTree(reporter.spans, { tags: ["protocol"] }),
    `
GET  client 200
  StoryHandler  server 200 protocol=http
GET  client 404
  StoryHandler  server 404 protocol=http`,
  );
  assert.equal(new TornadoScopeManager().active(), undefined);
});

test("a tracer by the name of a module's export, and every setting", async (t) => {
  const routes: Route[] = [];
  const folder = mkdtempSync(join(tmpdir(), "from-tornado-"));
  const before = process.cwd();
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "my-tracer.js"),
    "exports.makeTracer = ({ host }) => ({ host, startSpan() {}, inject() {}, extract() {} })",
  );
  process.chdir(folder);
  const app = new Application(routes, {
    opentracingTracerCallable: "./my-tracer.js:makeTracer",
    opentracingTracerParameters: { host: "agent" },
  });
  process.chdir(before);
  assert.equal((app.settings.opentracingTracing!.tracer as unknown as { host: string }).host, "agent");
});

test("every setting of an application", async (t) => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  t.after(initTracing());
  class MainHandler extends RequestHandler {
    get() {}
  }
  const routes: Route[] = [["/", MainHandler]];
  const app = new Application(routes, {
    opentracingTracing: new TornadoTracing(tracer),
    opentracingTraceAll: true, // the default
    opentracingTraceClient: true, // AsyncHTTPClient; the default
    opentracingTracedAttributes: ["method"], // only with opentracingTraceAll
    opentracingStartSpanCb: (span, request) => span.setTag("tenant", request.headers["x-tenant"] ?? "none"),
  });
  const port = await portOf(app.listen(0, "127.0.0.1"));
  await (await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-tenant": "7", connection: "close" } })).text();
  await app.close();
  assert.equal(
    spanTree(reporter.spans, { tags: ["method", "tenant"] }),
    "\nMainHandler  server 200 method=GET tenant=7",
  );
});

test("individual requests", async () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const startSpanCb = (span: Span): void => void span.setTag("seen", true);
  const load = async (): Promise<object> => ({ loaded: true });
  const tracing = new TornadoTracing(tracer, { startSpanCb });

  class MyRequestHandler extends RequestHandler {
    @tracing.trace("uri", "method") // optionally attributes, or one array of them
    async get() {
      this.write(await load());
    }
  }

  const app = new Application([["/", MyRequestHandler]]);
  const port = await portOf(app.listen(0, "127.0.0.1"));
  await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text();
  await app.close();
  assert.equal(
    spanTree(reporter.spans, { tags: ["uri", "method", "seen"] }),
    "\nMyRequestHandler  server 200 uri=/ method=GET seen=true",
  );
});

test("client requests", async () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  const startSpanCb = (span: Span): void => void span.setTag("seen", true);
  class EchoHandler extends RequestHandler {
    post() {
      this.write(this.request.body);
    }
  }
  const app = new Application([["/", EchoHandler]]);
  const url = `http://127.0.0.1:${await portOf(app.listen(0, "127.0.0.1"))}/`;
  const tracing = initClientTracing(tracer, { startSpanCb });
  const response = await new AsyncHTTPClient().fetch(new HTTPRequest(url, { method: "POST", body: "hello" }));
  assert.equal(String(response.body), "hello");
  await app.close();
  await tracing.close();
  assert.equal(spanTree(reporter.spans, { tags: ["seen"] }), "\nPOST  client 200 seen=true");
});

test("the active span of concurrent coroutines", async () => {
  const reporter = new MemoryReporter();
  const tracing = new TornadoTracing(new Tracer({ reporter }));
  const work = async (name: string): Promise<void> => {
    for (let i = 0; i < name.charCodeAt(0) % 3; i++) await tick();
  };
  class ParentHandler extends RequestHandler {
    async child(name: string) {
      await tracing.startActiveSpan(`child-${name}`, async (span) => {
        await work(name);
        span.setTag("active", tracing.activeSpan() === span); // true
      });
    }
    async get() {
      await Promise.all([this.child("A"), this.child("B")]);
    }
  }
  const undo = initTracing();
  const app = new Application([["/", ParentHandler]], { opentracingTracing: tracing });
  const port = await portOf(app.listen(0, "127.0.0.1"));
  await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text();
  await app.close();
  undo();
  assert.equal(
    spanTree(reporter.spans, { tags: ["active"] }),
    "\nParentHandler  server 200\n  child-A  active=true\n  child-B  active=true",
  );
});
