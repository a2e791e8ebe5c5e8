// A library that calls OpenTelemetry's API itself, from a copy of its own: Elastic's HTTP transport. Its spans nest under ours, and
// those of the requests that it sends under them.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { initTracing, MemoryReporter } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { api, registerOpenTelemetry } from "./api.js";

const require = createRequire(fileURLToPath(new URL("../../../test/opentelemetry-native/index.js", import.meta.url)));
const { Transport, WeightedConnectionPool, UndiciConnection } = require("@elastic/transport") as {
  Transport: new (options: object) => { request(what: object, options: object): Promise<unknown> };
  WeightedConnectionPool: new (options: object) => { addConnection(url: string): void };
  UndiciConnection: unknown;
};

test("Elastic's transport: its span below ours, the request's below its, the server's below that", async (t) => {
  assert.notEqual(require("@opentelemetry/api"), api, "the library has a copy of its own");
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  t.after(() => tracing.close());
  registerOpenTelemetry(tracing);
  const server = http.createServer((_request, response) => {
    tracing.activeSpan()?.setTag("user", tracing.activeSpan()?.getBaggageItem("user"));
    response
      .setHeader("x-elastic-product", "Elasticsearch")
      .setHeader("content-type", "application/json")
      .end('{"hits":7}');
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });

  const connectionPool = new WeightedConnectionPool({ Connection: UndiciConnection });
  connectionPool.addConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const transport = new Transport({ connectionPool });
  await tracing.startActiveSpan("search", async (span) => {
    span.setBaggageItem("user", "7");
    const what = { method: "GET", path: "/shop/_search", meta: { name: "search", pathParts: { index: "shop" } } };
    assert.deepEqual(await transport.request(what, { meta: false }), { hits: 7 });
  });
  await reporter.waitFor(4);
  assert.equal(
    spanTree(reporter.spans, { tags: ["db.operation.name", "user"] }),
    `
search
  search  client db.operation.name=search
    GET  client 200
      GET  server 200 user=7`,
  );
  const native = reporter.spans.find(({ scope }) => scope !== undefined)!;
  assert.equal(native.scope!.name, "@elastic/transport");
});
