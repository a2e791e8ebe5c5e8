// The table in docs/active-span.md: whom AsyncLocalStorage.enterWith reaches on this Node, when nothing takes it back.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

const beforeNode24 = Number(process.versions.node.split(".")[0]) < 24;
const storage = new AsyncLocalStorage<string>();

test("enterWith reaches the function behind its await, and its caller", async () => {
  await storage.run("outer", async () => {
    async function call() {
      storage.enterWith("entered");
      await null;
      assert.equal(storage.getStore(), "entered");
    }
    const called = call();
    assert.equal(storage.getStore(), "entered");
    await called;
    assert.equal(storage.getStore(), "entered");
  });
});

test("enterWith behind an await does not reach the caller", async () => {
  await storage.run("outer", async () => {
    async function call() {
      await null;
      storage.enterWith("entered");
    }
    await call();
    assert.equal(storage.getStore(), "outer");
  });
});

test("enterWith reaches later calls of an interval before Node 24", async () => {
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    const interval = setInterval(() => {
      seen.push(storage.getStore());
      if (seen.length === 1) storage.enterWith("entered");
      if (seen.length < 2) return;
      clearInterval(interval);
      resolve();
    }, 1);
  });
  assert.deepEqual(seen, [undefined, beforeNode24 ? "entered" : undefined]);
});

test("enterWith reaches later requests of a kept-alive socket before Node 24", async () => {
  const seen: unknown[] = [];
  const server = http.createServer((_request, response) => {
    seen.push(storage.getStore());
    if (seen.length === 1) storage.enterWith("entered");
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 2; i++) {
    const [response] = await once(http.get({ host: "127.0.0.1", port, agent }), "response");
    await once(response.resume(), "end");
  }
  agent.destroy();
  server.close();
  assert.deepEqual(seen, [undefined, beforeNode24 ? "entered" : undefined]);
});
