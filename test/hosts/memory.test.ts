// A finished request holds no memory, though its connection stays open.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type FinishedSpan, type Reporter, Tracer, Tracing } from "node-opentracing";
import { RawClient } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";

test("a finished request's span record, request and response are collected while the connection stays open", async (t) => {
  const gc = globalThis.gc;
  if (gc === undefined) return t.skip("needs --expose-gc");
  const kept: WeakRef<object>[] = [];
  let reported = 0;
  const reporter: Reporter = {
    report(span: FinishedSpan) {
      reported++;
      kept.push(new WeakRef(span));
    },
    async flush() {},
    async close() {},
  };
  const undo = traceServers(new Tracing(new Tracer({ reporter })).http);
  const server = http.createServer((request, response) => {
    kept.push(new WeakRef(request), new WeakRef(response));
    // What an application leaves behind in the request's context: the scope, and not what it was about.
    setTimeout(() => {}, 60_000).unref();
    response.end(`answer ${request.url}.`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  for (let i = 0; i < 50; i++) await client.send(`GET /${i} HTTP/1.1\r\nhost: a\r\n\r\n`).until(`answer /${i}.`);
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  const alive = kept.filter((ref) => ref.deref() !== undefined).length;
  assert.equal(reported, 50);
  // The parser, and the last turn of the loop, may hold the last request.
  assert.ok(alive <= 3, `${alive} of ${kept.length} are still alive`);
  client.leave();
  undo();
  server.close();
  server.closeAllConnections();
});
