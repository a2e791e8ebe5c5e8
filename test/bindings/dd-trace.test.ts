// dd-trace: one span a request whatever its plug-ins do, one scope for both, and what its agent gets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { datadogFolder, release } from "./datadog.js";
import { startService } from "./process.js";
import { datadogAgent } from "./protocols.js";
import { startSink } from "./sink.js";
import { traces } from "./traces.js";

const service = new URL("datadog-service.js", import.meta.url);

/** Two requests on two ports: in, and out to where a framework answers. */
const pair = (route: string): string => `
web.request GET  server 200 type=web
  http.request GET  client 200 type=http
    web.request ${route}  server 200 type=web`;

const EXPECTED = {
  "/express": pair("GET /orders/:id"),
  "/fastify": pair("GET /orders/:id"),
  "/koa": pair("GET"),
  "/hono": pair("GET"),
  "/http": pair("GET"),
  "/https": pair("GET"),
  "/http2": pair("GET"),
  "/undici": pair("GET"),
  "/redis": `
web.request GET  server 200 type=web
  redis.command get  client type=redis`,
  "/postgres": `
web.request GET  server 200 type=web
  pg.query SELECT answer  client type=sql`,
  "/nested": `
web.request GET  server 200 type=web
  of dd-trace
    ours  seen=by dd-trace
      of dd-trace again
        http.request GET  client 200 type=http
          web.request GET  server 200 type=web`,
  "/method": `
web.request GET  server 500 type=web
  Stock.find`,
  "/fail": `
web.request GET  server 500 type=web`,
};

/** dd-trace asks its agent for settings, and tells it of itself, by requests of its own: they must be in no trace. */
async function play(options: { args?: string[]; env?: Record<string, string> }) {
  const sink = await startSink(datadogAgent());
  const { get, end } = await startService(service, {
    register: true,
    args: options.args ?? [],
    cwd: datadogFolder(),
    env: {
      OPENTRACING_TRACER: "dd-trace",
      OTEL_SERVICE_NAME: "shop",
      DD_TRACE_AGENT_URL: sink.url,
      DD_TRACE_STARTUP_LOGS: "false",
      DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS: "0.05",
      ...options.env,
    },
  });
  const paths = Object.keys(EXPECTED);
  for (const path of paths)
    assert.equal(
      (await get(path)).status,
      EXPECTED[path as keyof typeof EXPECTED].includes("server 500") ? 500 : 200,
      path,
    );
  const { errors, signal } = await end();
  return { sink, errors, signal };
}

test(`${release}: one span a request, in and out, for every server, client and framework; those of pg and Redis are among them`, async () => {
  const { sink, errors, signal } = await play({});
  assert.equal(signal, "SIGTERM");
  assert.equal(errors, "");
  assert.deepEqual(traces(sink.spans, ["type", "seen"]), EXPECTED);
  assert.deepEqual(new Set(sink.spans.map((span) => span.service)), new Set(["shop", "shop-redis", "shop-postgres"]));
  assert.ok(sink.paths.includes("/v0.7/config"), "dd-trace has asked its agent for settings");

  const failed = sink.spans.find(({ tags }) => tags["http.url"] === "/fail")!;
  assert.equal(failed.tags["error"], 1);
  assert.equal(failed.tags["error.type"], "TypeError");
  assert.equal(failed.tags["error.message"], "no stock");
  assert.match(String(failed.tags["error.stack"]), /no stock\n {4}at /);
  const method = sink.spans.find(({ name }) => name === "Stock.find")!;
  assert.equal(method.tags["error"], 1);
  assert.equal(method.tags["error.type"], "RangeError");
  assert.equal(method.tags["error.message"], "none left");
  const ours = sink.spans.find(({ name }) => name === "ours")!;
  assert.match(String(ours.tags["events"]), /"name":"noted".*"items":2/);
});

test(`${release}, started before us: the same, and a warning that says what to switch off`, async () => {
  const { sink, errors } = await play({ args: ["--require", "dd-trace/init", "--require", "./uses-http.cjs"] });
  assert.deepEqual(traces(sink.spans, ["type", "seen"]), EXPECTED);
  assert.match(
    errors,
    /started before initTracing; its plug-ins .*http.* switch them off from the start, by DD_TRACE_DISABLED_PLUGINS=connect,dns,express/,
  );
});

test(`${release}, started before us without those plug-ins: the same, and no warning`, async () => {
  const off =
    "connect,dns,express,fastify,fetch,find-my-way,hapi,hono,http,http2,koa,microgateway-core,net,next,restify,router,undici,ws";
  const { sink, errors } = await play({
    args: ["--require", "dd-trace/init"],
    env: { DD_TRACE_DISABLED_PLUGINS: off },
  });
  assert.deepEqual(traces(sink.spans, ["type", "seen"]), EXPECTED);
  assert.equal(errors, "");
});
