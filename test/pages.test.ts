// The `ts` blocks of docs/servers.md, docs/exporting.md, docs/back-ends.md and docs/diagnostics.md, run.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  ConsoleReporter,
  DEFAULT_REDACTED,
  diagnostics,
  initTracing,
  MemoryReporter,
  OtlpReporter,
  Tracer,
  Tracing,
  ZipkinReporter,
} from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";
import { initGlobalTracer, Tracer as NoopTracer } from "opentracing";

test("docs/servers.md: filter, attributes and startSpanCb", async () => {
  const reporter = new MemoryReporter();
  initGlobalTracer(new Tracer({ reporter }));
  const tracing = initTracing({
    serviceName: "shop",
    filter: (request) => request.url !== "/health",
    tracedAttributes: ["headers.user-agent", "socket.remoteAddress"],
    startSpanCb: (span, request) => {
      if (request instanceof http.IncomingMessage) span.setTag("tenant", request.headers["x-tenant"] ?? "none");
    },
  });

  const server = http.createServer((_request, response) => {
    tracing.activeSpan()?.log({ event: "greeting" });
    response.end("hello");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").until("hello");
  await client.send("GET /a HTTP/1.1\r\nhost: a\r\nuser-agent: test\r\nx-tenant: 7\r\n\r\n").until("hello");
  await reporter.waitFor(1);
  assert.equal(
    spanTree(reporter.spans, { tags: ["headers.user-agent", "socket.remoteAddress", "tenant"], logs: true }),
    `
GET  server 200 headers.user-agent=test socket.remoteAddress=127.0.0.1 tenant=7
  - greeting`,
  );
  server.close();
  server.closeAllConnections();
  await tracing.close();
  initGlobalTracer(new NoopTracer());
});

test("docs/servers.md: one more secret parameter", async () => {
  const tracing = initTracing({ redactedParameters: [...DEFAULT_REDACTED, "ticket"] });
  await tracing.close();
  assert.equal(tracing.http.redact("/a?ticket=1&token=2&page=3"), "/a?ticket=REDACTED&token=REDACTED&page=3");
});

test("docs/configuration.md: a second call returns the object of the first, and closes it", async () => {
  const ignored = (): number => diagnostics()["settings.ignored"] ?? 0;
  const before = ignored();
  const tracing = initTracing({ serviceName: "shop" });
  const again = initTracing({ serviceName: "stock" }); // the same object, still called "shop"
  assert.equal(again, tracing);
  assert.equal(ignored(), before + 1);
  await again.close(); // nothing is traced from here on
  const anew = initTracing({ serviceName: "stock" });
  assert.notEqual(anew, tracing);
  await anew.close();
});

describe("docs/configuration.md: closed between tests", () => {
  let tracing: Tracing;
  beforeEach(() => {
    tracing = initTracing();
  });
  afterEach(() => tracing.close());
  let first: Tracing;
  test("one", () => {
    first = tracing;
  });
  test("another", () => assert.notEqual(tracing, first));
});

test("docs/exporting.md: the reporters are made as the page says", async () => {
  const tracer = new Tracer({ reporter: new OtlpReporter({ serviceName: "shop" }) });
  const vendor = new OtlpReporter({
    endpoint: "https://otlp.vendor.example/v1/traces", // used as it is
    headers: { "api-key": process.env["API_KEY"] ?? "" },
    compression: "gzip",
    serviceName: "shop",
    resource: { "service.version": "1.4.2", "deployment.environment.name": "production" },
  });
  const printing = new ConsoleReporter({ serviceName: "shop" });
  await Promise.all([tracer.close(), vendor.close(), printing.close()]);
});

test("docs/back-ends.md: the reporters are made as the page says", async () => {
  {
    const tracing = initTracing({
      serviceName: "shop",
      reporter: new ZipkinReporter({ endpoint: "http://localhost:9411/api/v2/spans" }),
    });
    await tracing.close();
  }
  {
    const tracing = initTracing({
      serviceName: "shop",
      reporter: new OtlpReporter({ endpoint: "http://localhost:4318/v1/traces" }),
    });
    await tracing.close();
  }
});

test("docs/exporting.md: a signal handler that closes first cuts no request and loses no span", async () => {
  if (process.argv[2] === "child") return; // below
  const child = fork(fileURLToPath(import.meta.url), ["child"], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const output = child.stdout!.setEncoding("utf8").toArray();
  const exit = once(child, "exit");
  const [port] = (await once(child, "message")) as [number];
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  await once(child, "message");
  child.kill("SIGTERM");
  await client.until("answered");
  await exit;
  assert.equal(child.exitCode, 0);
  assert.match((await output).join(""), /last work/);
});

if (process.argv[2] === "child") {
  const tracing = new Tracing(new Tracer({ reporter: new ConsoleReporter() }));
  const server = http.createServer((_request, response) => {
    process.once("SIGTERM", () => {
      setImmediate(() => tracing.startActiveSpan("last work", () => response.end("answered")));
    });
    process.send?.("in flight");
  });
  process.on("SIGTERM", () => {
    server.close(async () => {
      await tracing.close();
      process.exit(0);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}

test("docs/diagnostics.md: counters as metrics", () => {
  const counts = new Map<string, number>();
  const metrics = {
    counter: (name: string) => ({ add: (amount: number) => counts.set(name, (counts.get(name) ?? 0) + amount) }),
  };
  const listener = (message: unknown): void => {
    const { name, amount } = message as { name: string; amount: number };
    metrics.counter(`tracing.${name}`).add(amount); // your metrics
  };
  subscribe("node-opentracing:diagnostics", listener);
  const span = new Tracer({ reporter: new MemoryReporter() }).startSpan("a");
  span.finish();
  span.finish();
  assert.deepEqual([...counts], [["tracing.span.finished_twice", 1]]);
  unsubscribe("node-opentracing:diagnostics", listener);
});
