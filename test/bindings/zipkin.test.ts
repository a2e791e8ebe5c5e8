// zipkin-javascript-opentracing: spans reach Zipkin with their kinds, B3 in and out, nothing is lost at the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "./process.js";
import { zipkinCollector } from "./protocols.js";
import { startSink } from "./sink.js";
import { traces } from "./traces.js";

test("zipkin-javascript-opentracing by environment: one span a request in and out, at Zipkin before the process ends", async () => {
  const sink = await startSink(zipkinCollector());
  const { get, end } = await startService(new URL("service.js", import.meta.url), {
    register: true,
    env: {
      OPENTRACING_TRACER: "zipkin-javascript-opentracing",
      OPENTRACING_TRACER_PARAMETERS: JSON.stringify({ endpoint: sink.url, kind: "local" }),
      OTEL_SERVICE_NAME: "shop",
    },
  });
  assert.equal((await get("/fetch")).body, "hello");
  assert.equal((await get("/work")).body, "hello");
  assert.equal((await get("/fail")).status, 500);
  assert.equal((await get("/foreign")).body, "hello");
  const caller = { "x-b3-traceid": "00000000000000000000000012345678", "x-b3-spanid": "00000000000000ab" };
  assert.equal((await get("/", { ...caller, "x-b3-sampled": "1" })).body, "hello");
  assert.equal((await get("/fetch", { ...caller, "x-b3-sampled": "0" })).body, "hello"); // is not recorded, nor what it calls
  const { errors, signal } = await end();

  assert.equal(signal, "SIGTERM");
  assert.equal(errors, "");
  const own = sink.spans.filter(({ parentId }) => parentId !== "00000000000000ab");
  assert.deepEqual(traces(own, ["error", "size"]), {
    "/fetch": `
get  server 200
  get  client 200
    get  server 200`,
    "/work": `
get  server 200
  hard work  size=3
    get  client 200
      get  server 200`,
    "/fail": `
get  server 500 error=TypeError: no stock`,
    // Its request out has no parent: the one that was active is not this tracer's.
    "/foreign": `
get  server 200`,
    "/": `
get  client 200
  get  server 200`,
  });
  const called = sink.spans.filter(({ parentId }) => parentId === "00000000000000ab");
  assert.deepEqual(
    called.map(({ traceId }) => traceId),
    ["00000000000000000000000012345678"],
  );
  assert.deepEqual(new Set(sink.spans.map((span) => span.service)), new Set(["shop"]));
  const work = sink.spans.find(({ name }) => name === "hard work")!;
  assert.deepEqual(work.logs, [{ event: '{"event":"begun","items":2}' }]);
  assert.ok(sink.headers.every((headers) => headers["x-b3-traceid"] === undefined));
});
