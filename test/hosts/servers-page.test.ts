// The snippet of docs/servers.md about single handlers works as written.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import * as api from "node-opentracing";
import { RawClient, spanTree } from "node-opentracing/testing";

const page = readFileSync(join(process.cwd(), "docs", "servers.md"), "utf8");
const snippets = [...page.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]!);

test("docs/servers.md: the decorated handler answers, and is traced", async () => {
  const snippet = snippets.find((text) => text.includes("tracing.trace("))!;
  const body = snippet.replace(/^import .*$/gm, "");
  const reporter = new api.MemoryReporter();
  class Tracing extends api.Tracing {
    constructor() {
      super(new api.Tracer({ reporter }));
    }
  }
  const server = new Function("http", "Tracing", `${body}; return server;`)(http, Tracing) as http.Server;
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.connect((server.address() as AddressInfo).port);
  await client.send("GET /a HTTP/1.1\r\nhost: a\r\n\r\n").until("hello");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["url"] }), "\nGET  server 200 url=/a");
  server.close();
  server.closeAllConnections();
});
