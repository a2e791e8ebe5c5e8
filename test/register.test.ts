// node --import node-opentracing/register, and --require: an application that has none of our lines, configured by environment.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** What an application without tracing looks like: a server, a request to itself, the end. */
const CJS = `
const http = require("http");
const server = http.createServer((req, res) => res.end("hello")).listen(0, "127.0.0.1", async () => {
  const answer = await fetch("http://127.0.0.1:" + server.address().port + "/a");
  console.log(await answer.text());
  server.close();
  server.closeAllConnections();
});`;
const ESM = `
import { createServer, get } from "node:http"; // named imports, bound before anything runs
const server = createServer((req, res) => res.end("hello")).listen(0, "127.0.0.1", () => {
  get({ port: server.address().port, host: "127.0.0.1", path: "/a" }, (res) => {
    res.setEncoding("utf8").on("data", console.log).on("end", () => { server.close(); server.closeAllConnections(); });
  });
});`;

interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
}

/** Runs `node ...args` with an OTLP sink as its collector; answers what it printed and the spans it sent. */
async function runWithSink(args: string[], env: Record<string, string> = {}) {
  const spans: Span[] = [];
  const resources: string[] = [];
  const sink = http.createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    for (const { resource, scopeSpans } of body.resourceSpans) {
      resources.push(JSON.stringify(resource));
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.setHeader("content-type", "application/json").end("{}");
  });
  await once(sink.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...env },
  });
  const [stdout, stderr] = await Promise.all([
    child.stdout.setEncoding("utf8").toArray(),
    child.stderr.setEncoding("utf8").toArray(),
    once(child, "close"),
  ]);
  sink.close();
  sink.closeAllConnections();
  return { code: child.exitCode, stdout: stdout.join(""), stderr: stderr.join(""), spans, resources };
}

for (const [how, args] of [
  ["--import, an ES module", ["--import", "node-opentracing/register", "--input-type=module", "-e", ESM]],
  ["--require, CommonJS", ["--require", "node-opentracing/register", "--input-type=commonjs", "-e", CJS]],
  ["--import, CommonJS", ["--import", "node-opentracing/register", "--input-type=commonjs", "-e", CJS]],
  ["--require, an ES module", ["--require", "node-opentracing/register", "--input-type=module", "-e", ESM]],
] as const) {
  test(`register by ${how}: the request out and the request in are one trace, sent before the process ends`, async () => {
    const { code, stdout, stderr, spans, resources } = await runWithSink([...args], { OTEL_SERVICE_NAME: "bare" });
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), "hello");
    assert.equal(spans.length, 2, stderr);
    const client = spans.find((span) => span.kind === 3)!;
    const server = spans.find((span) => span.kind === 2)!;
    assert.equal(server.parentSpanId, client.spanId);
    assert.equal(server.traceId, client.traceId);
    assert.match(resources[0]!, /"bare"/);
  });
}

test("register with OTEL_SDK_DISABLED=true leaves the application alone", async () => {
  const env = { OTEL_SDK_DISABLED: "true" };
  const { code, stdout, spans } = await runWithSink(["--import", "node-opentracing/register", "-e", CJS], env);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), "hello");
  assert.equal(spans.length, 0);
});

test("register with wrong variables warns and traces on, and never stops the application", async () => {
  const env = {
    OTEL_TRACES_SAMPLER: "sometimes",
    OTEL_BSP_SCHEDULE_DELAY: "soon",
    OTEL_PROPAGATORS: "tracecontext,smoke",
  };
  const { code, stdout, stderr, spans } = await runWithSink(["--import", "node-opentracing/register", "-e", CJS], env);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), "hello");
  assert.equal(spans.length, 2);
  assert.match(stderr, /environment\.invalid/);
});
