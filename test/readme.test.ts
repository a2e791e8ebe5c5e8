// The lines of README.md, run.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { initClientTracing, initTracing, MemoryReporter, Tracer, Tracing, ZipkinReporter } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { initGlobalTracer, Tracer as NoopTracer, type Span } from "opentracing";
import { HOP, startApp } from "./app.js";

/** A reporter, and a tracer that reports to it. */
function memory(): { reporter: MemoryReporter; tracer: Tracer } {
  const reporter = new MemoryReporter();
  return { reporter, tracer: new Tracer({ reporter }) };
}

test("README: one line, every request in, every request out", async () => {
  const { reporter, tracer } = memory();
  initGlobalTracer(tracer); // in place of a collector
  const tracing = initTracing({ serviceName: "shop" }); // every request in, every request out
  const app = await startApp();
  await app.get("/hop");
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), HOP);
  await app.close();
  await tracing.close();
  initGlobalTracer(new NoopTracer());
});

test("README: another back end is another line", async () => {
  const tracing = initTracing({
    serviceName: "shop",
    reporter: new ZipkinReporter({ endpoint: "http://zipkin:9411/api/v2/spans" }),
  });
  await tracing.close();
});

test("README: a tracer by the name of a module's export", async () => {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  const before = process.cwd();
  writeFileSync(
    join(folder, "my-tracer.js"),
    "exports.makeTracer = ({ host }) => ({ host, startSpan() {}, inject() {}, extract() {} })",
  );
  process.chdir(folder);
  const tracing = initTracing({ tracerCallable: "./my-tracer.js:makeTracer", tracerParameters: { host: "agent" } });
  process.chdir(before);
  assert.equal((tracing.tracer as unknown as { host: string }).host, "agent");
  await tracing.close();
  rmSync(folder, { recursive: true });
});

test("README: single handlers, nothing patched", async () => {
  const { reporter, tracer } = memory();
  const tracing = new Tracing();
  initGlobalTracer(tracer); // later: it is looked up at each use

  function hello(_request: IncomingMessage, response: ServerResponse): void {
    response.end("hello");
  }
  const server = createServer(tracing.trace("method", "url")(hello)); // names, or one array of names

  class Orders {
    @tracing.trace("url") get(_request: IncomingMessage, response: ServerResponse) {
      response.end("order");
    }
  }

  const orders = createServer((request, response) => new Orders().get(request, response));
  for (const [one, path] of [
    [server, "/a"],
    [orders, "/b"],
  ] as const) {
    await once(one.listen(0, "127.0.0.1"), "listening");
    await (await fetch(`http://127.0.0.1:${(one.address() as AddressInfo).port}${path}`)).text();
    one.close();
    one.closeAllConnections();
  }
  await reporter.waitFor(2);
  assert.equal(
    spanTree(reporter.spans, { tags: ["method", "url"] }),
    `
GET  server 200 method=GET url=/a
GET  server 200 url=/b`,
  );
  initGlobalTracer(new NoopTracer());
});

test("README: the client alone", async () => {
  const { reporter, tracer } = memory();
  const startSpanCb = (span: Span): void => void span.setTag("seen", true);
  initClientTracing(tracer, { startSpanCb }); // client alone
  const app = await startApp();
  await app.get("/hop");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["seen"] }), "\nGET  client 200 seen=true");
  await app.close();
  await initClientTracing().close();
});
