// docs/migrating.md, "From dd-trace's OpenTracing API": what the agent gets before and after, and who leaves it.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { datadogFolder } from "./datadog.js";
import { startService } from "./process.js";
import { datadogAgent } from "./protocols.js";
import { type Received, startSink } from "./sink.js";
import { traces } from "./traces.js";

/** In the trace of a caller that dd-trace traces. */
const CALLER = { "x-datadog-trace-id": "1234", "x-datadog-parent-id": "77", "x-datadog-sampling-priority": "1" };

async function play(
  file: string,
  env: Record<string, string>,
  programArgs: readonly string[] = [],
  sent: () => Promise<void> = async () => {},
): Promise<void> {
  const options = { cwd: datadogFolder(), env: { DD_TRACE_STARTUP_LOGS: "false", ...env }, programArgs };
  const { get, end } = await startService(new URL(file, import.meta.url), options);
  assert.equal((await get("/orders/7", CALLER)).body, "order 7");
  assert.equal((await get("/orders/0", CALLER)).status, 500);
  await sent();
  await end();
}

async function toAgent(file: string): Promise<Received[]> {
  const sink = await startSink(datadogAgent());
  // dd-trace alone sends nothing more at SIGTERM. Where it starts to listen is in no request.
  const ofRequests = (): Received[] => sink.spans.filter(({ name }) => !name.startsWith("dns."));
  const env = { DD_TRACE_AGENT_URL: sink.url };
  await play(file, env, [], async () => {
    while (ofRequests().length < 6) await sink.received(sink.spans.length + 1);
  });
  return ofRequests();
}

const tree = (status: number, error: number): string => `
web.request GET  server ${status} error=${error}
  load order  error=${error}
    read order  error=${error}`;

const ERRORS = ["error"];

test("before: dd-trace's OpenTracing API", async () => {
  const spans = await toAgent("from-datadog-before.js");
  assert.deepEqual(traces(spans, ERRORS), { "/orders/7": tree(200, 0), "/orders/0": tree(500, 1) });
  assert.ok(spans.every(({ traceId, service }) => traceId === "1234" && service === "shop"));
});

test("after, still at Datadog: the same traces", async () => {
  const spans = await toAgent("from-datadog-after.js");
  assert.deepEqual(traces(spans, ERRORS), { "/orders/7": tree(200, 0), "/orders/0": tree(500, 1) });
  assert.ok(spans.every(({ traceId, service }) => traceId === "1234" && service === "shop"));
  const [failed] = spans.filter(({ name, tags }) => name === "read order" && tags["error"] === 1);
  assert.equal(failed?.tags["error.message"], "no order 0");
});

test("after, without dd-trace: OTLP, in the traces of callers that still have it", async () => {
  const bodies: string[] = [];
  const sink = http.createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const { port } = sink.address() as { port: number };
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
  await play("from-datadog-after.js", env, ["leave"]);
  sink.close();
  sink.closeAllConnections();
  const all = bodies.join("");
  assert.equal(all.match(/"traceId":"000000000000000000000000000004d2"/g)?.length, 6);
  assert.equal(all.match(/"parentSpanId":"000000000000004d"/g)?.length, 2);
  for (const name of ["GET", "load order", "read order"])
    assert.equal(all.split(`"name":"${name}"`).length - 1, 2, name);
});
