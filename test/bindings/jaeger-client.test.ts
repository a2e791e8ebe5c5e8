// jaeger-client: spans reach a collector, uber-trace-id in and out, nothing is lost at the end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { Tracing } from "node-opentracing";
import { diagnostics } from "#src/diagnostics.js";
import { makeTracer } from "#src/tracer-callable.js";
import { startService } from "./process.js";
import { installed, jaegerCollector } from "./protocols.js";
import { startSink } from "./sink.js";
import { traces } from "./traces.js";

const service = new URL("service.js", import.meta.url);

test("jaeger-client:initTracer by environment: one span a request in and out, at the collector before the process ends", async () => {
  const sink = await startSink(jaegerCollector());
  const { get, end } = await startService(service, {
    register: true,
    env: {
      OPENTRACING_TRACER: "jaeger-client:initTracer",
      OPENTRACING_TRACER_PARAMETERS: JSON.stringify({
        sampler: { type: "const", param: 1 },
        reporter: { collectorEndpoint: `${sink.url}/api/traces` },
      }),
      OTEL_SERVICE_NAME: "shop",
    },
  });
  assert.equal((await get("/fetch")).body, "hello");
  assert.equal((await get("/work")).body, "hello");
  assert.equal((await get("/fail")).status, 500);
  assert.equal((await get("/foreign")).body, "hello");
  assert.equal((await get("/", { "uber-trace-id": "1234abcd:5678:0:1" })).body, "hello");
  const { errors, signal } = await end();

  assert.equal(signal, "SIGTERM");
  assert.equal(errors, "");
  const own = sink.spans.filter(({ parentId }) => parentId !== "0000000000005678");
  assert.deepEqual(traces(own, ["error", "size"]), {
    "/fetch": `
GET  server 200
  GET  client 200
    GET  server 200`,
    "/work": `
GET  server 200
  hard work  size=3
    GET  client 200
      GET  server 200`,
    "/fail": `
GET  server 500 error=true`,
    // Its request out has no parent: the one that was active is not jaeger-client's.
    "/foreign": `
GET  server 200`,
    "/": `
GET  client 200
  GET  server 200`,
  });
  const [called] = sink.spans.filter(({ parentId }) => parentId === "0000000000005678");
  assert.equal(called?.traceId, "0000000000000000000000001234abcd");
  assert.deepEqual(new Set(sink.spans.map((span) => span.service)), new Set(["shop"]));
  const failed = sink.spans.find(({ tags }) => tags["http.url"] === "/fail")!;
  assert.equal(failed.logs[0]?.["message"], "no stock");
  assert.equal(failed.logs[0]?.["error.kind"], "TypeError");
  assert.match(String(failed.logs[0]?.["stack"]), /no stock\n {4}at /);
  assert.ok(sink.headers.every((headers) => headers["uber-trace-id"] === undefined));
});

test("jaeger-client's own requests are in no trace: batches that fill in a request, and a sampler's questions", async () => {
  const sink = await startSink(jaegerCollector());
  const { get, end } = await startService(service, {
    register: true,
    env: {
      OPENTRACING_TRACER: "jaeger-client:initTracerFromEnv",
      OTEL_SERVICE_NAME: "not this",
      JAEGER_SERVICE_NAME: "shop",
      JAEGER_ENDPOINT: `${sink.url}/api/traces`,
      JAEGER_SAMPLER_TYPE: "remote",
      JAEGER_SAMPLER_PARAM: "1",
      JAEGER_SAMPLER_MANAGER_HOST_PORT: `127.0.0.1:${sink.port}`,
      JAEGER_SAMPLER_REFRESH_INTERVAL: "20",
    },
  });
  for (let i = 0; i < 50; i++) await get("/fetch"); // 150 spans, sent by the hundred
  await sink.asked("/sampling");
  await end();
  assert.equal(sink.spans.length, 150);
  assert.deepEqual(traces(sink.spans), {
    "/fetch": `
GET  server 200
  GET  client 200
    GET  server 200`,
  });
  assert.deepEqual(new Set(sink.spans.map((span) => span.service)), new Set(["shop"]));
});

test("a process that sends to an agent ends by itself, after its last span", async () => {
  const agent = dgram.createSocket("udp4").bind(0, "127.0.0.1");
  await once(agent, "listening");
  const packet = once(agent, "message") as Promise<[Buffer]>;
  const config = {
    sampler: { type: "const", param: 1 },
    reporter: { agentHost: "127.0.0.1", agentPort: agent.address().port },
  };
  const script = "fetch('http://127.0.0.1:9/unanswered').catch(() => {})";
  const args = ["--import", import.meta.resolve("node-opentracing/register"), "-e", script];
  const variables = {
    OPENTRACING_TRACER: "jaeger-client",
    OPENTRACING_TRACER_PARAMETERS: JSON.stringify(config),
    OTEL_SERVICE_NAME: "shop",
  };
  const child = spawn(process.execPath, args, { cwd: installed, env: { ...process.env, ...variables } });
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0);
  const [bytes] = await packet;
  assert.ok(bytes.includes("shop") && bytes.includes("http://127.0.0.1:9/unanswered"));
  agent.close();
});

test("a span that is too large for the agent is counted", async () => {
  process.chdir(installed);
  const parameters = { sampler: { type: "const", param: 1 }, reporter: { agentHost: "127.0.0.1", agentPort: 9 } };
  const tracer = makeTracer("jaeger-client", parameters, "shop");
  tracer.startSpan("large", { tags: { text: "x".repeat(100_000) } }).finish();
  await new Tracing(tracer).flush();
  assert.deepEqual(diagnostics(), { "report.encode_error": 1 });
});
