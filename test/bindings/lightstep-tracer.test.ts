// lightstep-tracer: spans reach its collector, its own reports are in no trace, nothing is lost at the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "./process.js";
import { lightstepCollector } from "./protocols.js";
import { startSink } from "./sink.js";
import { traces } from "./traces.js";

test("lightstep-tracer:Tracer by environment: one span a request in and out, at the collector before the process ends", async () => {
  const sink = await startSink(lightstepCollector());
  const { get, end } = await startService(new URL("service.js", import.meta.url), {
    register: true,
    env: {
      OPENTRACING_TRACER: "lightstep-tracer:Tracer",
      OPENTRACING_TRACER_PARAMETERS: JSON.stringify({
        access_token: "token",
        collector_host: "127.0.0.1",
        collector_port: sink.port,
        collector_encryption: "none",
      }),
      OTEL_SERVICE_NAME: "shop",
    },
  });
  assert.equal((await get("/fetch")).body, "hello");
  assert.equal((await get("/work")).body, "hello");
  assert.equal((await get("/fail")).status, 500);
  assert.equal((await get("/foreign")).body, "hello");
  const { errors, signal } = await end();

  assert.equal(signal, "SIGTERM");
  assert.equal(errors, "");
  assert.deepEqual(traces(sink.spans, ["error", "size"]), {
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
    // Its request out has no parent: the one that was active is not lightstep-tracer's.
    "/foreign": `
GET  server 200`,
    "/": `
GET  client 200
  GET  server 200`,
  });
  assert.deepEqual(new Set(sink.spans.map((span) => span.service)), new Set(["shop"]));
  assert.deepEqual(new Set(sink.headers.map((headers) => headers["lightstep-access-token"])), new Set(["token"]));
  const failed = sink.spans.find(({ tags }) => tags["http.url"] === "/fail")!;
  assert.equal(failed.logs[0]?.["message"], "no stock");
  assert.equal(failed.logs[0]?.["error.kind"], "TypeError");
});
