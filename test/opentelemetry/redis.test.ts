// A real Redis by `ioredis`, traced by OpenTelemetry's instrumentation of it: its spans nest under ours, and ours under its users'.

import assert from "node:assert/strict";
import { test } from "node:test";
import { requirePeer } from "./api.js";
import { missing, startRedis } from "./debian-servers.js";
import { registered } from "./scene.js";

const { IORedisInstrumentation } = requirePeer("@opentelemetry/instrumentation-ioredis");
const instrumentation = new IORedisInstrumentation();
const { Redis } = requirePeer("ioredis") as {
  Redis: new (
    path: string,
  ) => {
    set(key: string, value: string): Promise<string>;
    get(key: string): Promise<string | null>;
    pipeline(): { incr(key: string): { exec(): Promise<unknown> } };
    quit(): Promise<unknown>;
    call(command: string): Promise<unknown>;
  };
};

test("commands of ioredis are spans below ours and below OpenTelemetry's, pipelines too", {
  skip: missing("redis-server"),
}, async (t) => {
  const socket = await startRedis(t);
  t.after(() => instrumentation.disable());
  const { tracing, lib, tree } = registered(t);
  const redis = new Redis(socket);
  await redis.set("warm", "up"); // without a parent the instrumentation makes no span

  await lib.startActiveSpan("theirs", async (theirs) => {
    await tracing.startActiveSpan("ours", async () => {
      assert.equal(await redis.set("a", "1"), "OK");
      assert.equal(await redis.get("a"), "1");
    });
    await redis.pipeline().incr("a").exec();
    await assert.rejects(redis.call("nonsense"));
    theirs.end();
  });
  await redis.quit();
  assert.equal(
    tree({ tags: ["db.system.name"] }),
    `
theirs
  ours
    set  client db.system.name=redis
    get  client db.system.name=redis
  incr  client db.system.name=redis
  nonsense  client error=ReplyError db.system.name=redis`,
  );
});
