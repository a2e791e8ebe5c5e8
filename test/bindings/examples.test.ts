// examples/tracers/ run against back ends, and send what they promise before they end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { datadogFolder } from "./datadog.js";
import { startService } from "./process.js";
import { datadogAgent, installed, jaegerCollector, lightstepCollector, zipkinCollector } from "./protocols.js";
import { type Protocol, type Sink, startSink } from "./sink.js";
import { traces } from "./traces.js";

const ORDER = `
GET  server 200
  load order
    GET  client 200
      GET  server 200`;

interface Example {
  readonly name: string;
  readonly protocol: () => Protocol;
  readonly env: (sink: Sink) => Record<string, string>;
  readonly expected: string;
  readonly cwd?: () => string;
}

const EXAMPLES: readonly Example[] = [
  {
    name: "jaeger-client",
    protocol: jaegerCollector,
    env: ({ url }) => ({ JAEGER_ENDPOINT: `${url}/api/traces` }),
    expected: ORDER,
  },
  {
    name: "dd-trace",
    protocol: datadogAgent,
    env: ({ url }) => ({ DD_TRACE_AGENT_URL: url, DD_TRACE_STARTUP_LOGS: "false" }),
    expected: `
web.request GET  server 200
  load order
    http.request GET  client 200
      web.request GET  server 200`,
    cwd: datadogFolder,
  },
  {
    name: "lightstep-tracer",
    protocol: lightstepCollector,
    env: ({ port }) => ({ LIGHTSTEP_HOST: "127.0.0.1", LIGHTSTEP_PORT: String(port) }),
    expected: ORDER,
  },
  {
    name: "zipkin",
    protocol: zipkinCollector,
    env: ({ url }) => ({ ZIPKIN_ENDPOINT: url }),
    expected: ORDER.replaceAll("GET", "get"), // zipkin writes names in lower case
  },
];

for (const { name, protocol, env, expected, cwd = () => installed } of EXAMPLES) {
  test(`examples/tracers/${name}.ts: an order is one trace, sent before the process ends`, async () => {
    const sink = await startSink(protocol());
    const file = new URL(`../../examples/tracers/${name}.js`, import.meta.url);
    const { get, end } = await startService(file, { env: { PORT: "0", ...env(sink) }, cwd: cwd() });
    assert.equal((await get("/orders/7")).body, "order 7: 3 left");
    const { errors, signal } = await end();
    assert.equal(signal, "SIGTERM");
    assert.equal(errors, "");
    assert.deepEqual(traces(sink.spans), { "/orders/7": expected });
    assert.deepEqual(new Set(sink.spans.map(({ service }) => service)), new Set(["shop"]));
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`examples/tracers/mock-tracer.ts: prints the spans it has kept on ${signal}`, async () => {
    const file = new URL("../../examples/tracers/mock-tracer.js", import.meta.url);
    const { get, end } = await startService(file, { env: { PORT: "0" } });
    assert.equal((await get("/orders/7")).body, "order 7: 3 left");
    const { output } = await end(signal);
    assert.match(output, /\nserver GET\nlocal load order\nclient GET\nserver GET\n$/);
  });
}
