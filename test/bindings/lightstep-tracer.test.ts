// lightstep-tracer: spans reach its collector, its own reports are in no trace, nothing is lost at the end.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { diagnostics, Tracing } from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { makeTracer } from "#src/tracer-callable.js";
import { startService } from "./process.js";
import { installed, lightstepCollector } from "./protocols.js";
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

test("a report of its own interval that fails is sent again, with what came since; what its buffer cannot hold is counted", async (t) => {
  process.chdir(installed);
  const { path, decode } = lightstepCollector();
  const reported: string[][] = [];
  const server = http.createServer(async (request, response) => {
    assert.equal(request.url, path);
    reported.push(decode(Buffer.concat(await request.toArray())).map(({ name }) => name));
    if (reported.length === 1) tracing.tracer.startSpan("third").finish();
    response.writeHead(reported.length === 1 ? 503 : 200).end();
    server.emit("report");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  const tracer = makeTracer("lightstep-tracer", {
    collector_host: "127.0.0.1",
    collector_port: (server.address() as AddressInfo).port,
    collector_encryption: "none",
    disable_clock_skew_correction: true, // no empty report to begin with
    delay_initial_report_millis: 0,
    max_reporting_interval_millis: 1,
    max_span_records: 2,
  });
  const tracing = new Tracing(tracer);
  for (const name of ["first", "second"]) tracer.startSpan(name).finish();
  while (reported.length < 2) await once(server, "report");
  await tracing.flush();
  await tracing.close();
  assert.deepEqual(reported[0], ["first", "second"]);
  // It has room for two, and chooses by chance which of the three to drop.
  assert.equal(reported[1]!.length, 2);
  assert.deepEqual(diagnostics(), { "report.retried": 1, "report.queue_full": 1 });
});

test("a caller's ids that are no numbers are no parent, and what cannot be encoded holds up no later report", async () => {
  resetDiagnostics();
  const sink = await startSink(lightstepCollector());
  const tracer = makeTracer("lightstep-tracer", {
    collector_host: "127.0.0.1",
    collector_port: sink.port,
    collector_encryption: "none",
    verbosity: 0,
  });
  const tracing = new Tracing(tracer);
  const wrong = ["or 1", "-5", "1.5", "xyz", "", "12345678901234567", "g".repeat(32), "1".repeat(33)];
  for (const id of wrong) {
    for (const ids of [
      { "ot-tracer-traceid": id, "ot-tracer-spanid": "1" },
      { "ot-tracer-traceid": "1", "ot-tracer-spanid": id },
    ]) {
      assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, ids), null, JSON.stringify(ids));
    }
  }
  assert.deepEqual(diagnostics(), { "propagation.invalid": 2 * wrong.length });
  for (const id of ["1", "abcDEF0123456789", "a".repeat(32)]) {
    const caller = tracer.extract(FORMAT_HTTP_HEADERS, { "ot-tracer-traceid": id, "ot-tracer-spanid": "ab" });
    tracer.startSpan(id, { childOf: caller! }).finish();
  }
  await tracing.flush();
  assert.equal(sink.spans.length, 3);

  // What makes lightstep-tracer's encoder throw.
  tracer.startSpan("bad", { tags: { parent_span_guid: "no number" } }).finish();
  await tracing.flush();
  tracer.startSpan("good").finish();
  await tracing.close();
  assert.equal(sink.spans.at(-1)?.name, "good");
  assert.equal(diagnostics()["report.encode_error"], 1);
});
