// What asynchronous call chains keep alive of spans that have ended.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { AsyncScopeManager, type Reporter, Tracer, Tracing } from "node-opentracing";
import { MockTracer, type Tracer as OpenTracingTracer, type Span } from "opentracing";

const reporter: Reporter = { report() {}, async flush() {}, async close() {} };

/** Whether all are collected, within a bounded number of collections. */
async function collected(...refs: WeakRef<object>[]): Promise<boolean> {
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
    if (refs.every((ref) => ref.deref() === undefined)) return true;
  }
  return false;
}

/** Gives the span a tag and a log that are large in truth. Only weak references come back. */
function load(span: Span): WeakRef<object>[] {
  const tag = { bytes: new Uint8Array(1000) };
  const field = { bytes: new Uint8Array(1000) };
  span.setTag("load", tag).log({ event: "loaded", field });
  return [new WeakRef(tag), new WeakRef(field)];
}

const HOLDERS: Record<string, () => Promise<() => void>> = {
  async timer() {
    const timer = setInterval(() => {}, 1_000_000);
    return () => clearInterval(timer);
  },
  async socket() {
    const server = net.createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
    const [[accepted]] = await Promise.all([once(server, "connection"), once(socket, "connect")]);
    return () => {
      socket.destroy();
      (accepted as net.Socket).destroy();
      server.close();
    };
  },
  async promise() {
    let resolve = (): void => {};
    const waiting = new Promise<void>((settle) => {
      resolve = settle;
    }).then(() => {});
    return function release() {
      resolve();
      return waiting;
    };
  },
};

for (const [name, hold] of Object.entries(HOLDERS)) {
  test(`a ${name} made in a span keeps nothing of it once the span has ended`, async () => {
    const tracing = new Tracing(new Tracer({ reporter }));
    const refs: WeakRef<object>[] = [];
    const release = await tracing.startActiveSpan("work", (span) => {
      refs.push(...load(span));
      return hold();
    });
    assert.ok(await collected(...refs));
    release();
  });
}

test("a bound function, a bound emitter's listener and a closed scope keep nothing of an ended span either", async () => {
  const scope = new AsyncScopeManager();
  const tracer = new Tracer({ reporter });
  const refs: WeakRef<object>[] = [];
  const kept = (() => {
    const span = tracer.startSpan("work");
    refs.push(...load(span));
    const bound = scope.bind(() => {}, span);
    const entered = scope.enter(span);
    const timer = setInterval(() => {}, 1_000_000);
    entered.close();
    span.finish();
    return { bound, timer };
  })();
  assert.ok(await collected(...refs));
  clearInterval(kept.timer);
  kept.bound();
});

test("a foreign span, which we cannot empty, is kept by what was made in it, and no longer than that", async () => {
  const mock = new MockTracer();
  const tracing = new Tracing(mock as unknown as OpenTracingTracer);
  const refs: WeakRef<object>[] = [];
  let release: (() => void) | undefined = await tracing.startActiveSpan("work", (span) => {
    refs.push(...load(span));
    return HOLDERS["timer"]!();
  });
  mock.clear();
  assert.ok(!(await collected(...refs)), "kept by the timer");
  release();
  release = undefined; // it holds the timer
  assert.ok(await collected(...refs));
});

test("scopes left open in a repeating timer build no chain", async () => {
  const scope = new AsyncScopeManager();
  const tracer = new Tracer({ reporter });
  const refs: WeakRef<object>[] = [];
  let calls = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const entered = scope.enter(tracer.startSpan(`call ${calls}`));
      refs.push(new WeakRef(entered));
      if (++calls < 20) return;
      clearInterval(timer);
      resolve();
    }, 0);
  });
  // The last one may still be the context of what runs now.
  assert.ok(await collected(...refs.slice(0, 15)));
});
