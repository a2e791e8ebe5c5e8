// node:http servers become spans.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { traceNodeHttp } from "#src/hosts/node-http.js";

test("a request is a span, and spans started in it are its children", async () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const undo = traceNodeHttp(tracing.http);
  const server = http.createServer((_request, response) => {
    tracing.startActiveSpan("work", () => response.end("hello"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/a?token=x`);
  assert.equal(await answer.text(), "hello");
  await reporter.waitFor(2);
  assert.equal(
    spanTree(reporter.spans, { tags: ["http.url"] }),
    `
GET  server 200 http.url=/a?token=REDACTED
  work`,
  );
  undo();
  server.close();
  server.closeAllConnections();
});
