// The tags of a served request, as a server sets them, are those that the encoder knows by their order.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type FinishedSpan, Tracer, Tracing, traceServer } from "node-opentracing";
import { isServed } from "#src/report/served-tags.js";

test("a request of node:http, answered, is known as served", async () => {
  const spans: FinishedSpan[] = [];
  const reporter = { report: (span: FinishedSpan) => spans.push(span), flush: async () => {}, close: async () => {} };
  const tracing = new Tracing(new Tracer({ reporter }));
  const server = createServer((_, response) => response.end("hello"));
  const undo = traceServer(server, tracing);
  try {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hello?a=b`)).text();
    while (spans.length === 0) await new Promise(setImmediate);
  } finally {
    undo();
    server.close();
    await tracing.close();
  }
  assert.equal(spans.length, 1);
  assert.equal(isServed(spans[0]!.tags, 2), true, `its tags: ${spans[0]!.tags.join(" ")}`);
});
