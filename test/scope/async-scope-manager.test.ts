// What is active: run, and scopes that are entered and closed.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, test } from "node:test";
import { AsyncScopeManager, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";

const reporter = new MemoryReporter();
const tracer = new Tracer({ reporter });
const scope = new AsyncScopeManager();
const [outer, a, b] = [tracer.startSpan("outer"), tracer.startSpan("a"), tracer.startSpan("b")];

beforeEach(resetDiagnostics);

test("server request 7: after an inner scope the outer span is active again", () => {
  scope.run(outer, () => {
    scope.run(a, () => assert.equal(scope.active(), a));
    assert.equal(scope.active(), outer);
    assert.throws(() => scope.run(a, () => assert.fail("thrown")), /thrown/);
    assert.equal(scope.active(), outer);
    scope.run(undefined, () => assert.equal(scope.active(), undefined));
    assert.equal(scope.active(), outer);
  });
  assert.equal(scope.active(), undefined);
});

test("run hands on arguments, result and error", () => {
  const error = new Error("mine");
  assert.deepEqual(
    scope.run(a, (...args: number[]) => args, 1, 2, 3),
    [1, 2, 3],
  );
  const thrower = () => {
    throw error;
  };
  assert.throws(
    () => scope.run(a, thrower),
    (thrown) => thrown === error,
  );
});

test("client request 7: 100 concurrent coroutines each keep their own active span", async () => {
  const mine = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter: mine }));
  const coroutine = (name: string) =>
    tracing.startActiveSpan(name, async (span) => {
      for (let step = 0; step < 5; step++) {
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(tracing.activeSpan(), span);
        await tracing.startActiveSpan(`${name} step ${step}`, async () => {
          await null;
        });
        assert.equal(tracing.activeSpan(), span);
      }
    });
  const names = Array.from({ length: 100 }, (_, i) => `coroutine ${i}`);
  await Promise.all(names.map(coroutine));
  const expected = names.map((name) => [`\n${name}`, ...[0, 1, 2, 3, 4].map((i) => `\n  ${name} step ${i}`)].join(""));
  assert.equal(spanTree(mine.spans), expected.join(""));
});

test("a scope is active from enter to close, and for what is started in between", async () => {
  await scope.run(outer, async () => {
    const entered = scope.enter(a);
    assert.equal(scope.active(), a);
    const later = new Promise((resolve) => setImmediate(() => resolve(scope.active())));
    entered.close();
    entered.close();
    assert.equal(scope.active(), outer);
    assert.equal(await later, a);
    assert.equal(scope.active(), outer);
  });
  assert.deepEqual(diagnostics(), {});
});

test("using closes a scope at the end of its block, nested ones in reverse order", () => {
  scope.run(outer, () => {
    {
      using _first = scope.enter(a);
      using _second = scope.enter(undefined);
      assert.equal(scope.active(), undefined);
    }
    assert.equal(scope.active(), outer);
    assert.throws(() => {
      using _scope = scope.enter(a);
      assert.fail("thrown");
    }, /thrown/);
    assert.equal(scope.active(), outer);
  });
  assert.deepEqual(diagnostics(), {});
});

test("a scope may be entered behind an await, and closed before the next", async () => {
  await scope.run(outer, async () => {
    await null;
    const entered = scope.enter(a);
    const child = (async () => {
      await null;
      return scope.active();
    })();
    entered.close();
    await null;
    assert.equal(scope.active(), outer);
    assert.equal(await child, a);
  });
  assert.deepEqual(diagnostics(), {});
});

test("scopes closed in the wrong order are counted, and end at what was active before both", async () => {
  await scope.run(outer, async () => {
    const first = scope.enter(a);
    const started = new Promise((resolve) => setImmediate(() => resolve(scope.active())));
    const second = scope.enter(b);
    first.close();
    assert.equal(scope.active(), b);
    second.close();
    assert.equal(scope.active(), outer);
    assert.equal(await started, a, "what was started in the first keeps it");
    assert.equal(scope.active(), outer);
  });
  assert.deepEqual(diagnostics(), { "scope.misuse": 1 });
});

test("a scope left open over an await is closed there and counted: neither side goes on with it", async () => {
  await scope.run(outer, async () => {
    async function misuse() {
      const entered = scope.enter(a);
      await null;
      assert.equal(scope.active(), outer, "behind the await");
      entered.close();
      assert.equal(scope.active(), outer, "after a late close");
    }
    const misused = misuse();
    // Nothing can take it back before the running synchronous code ends: the caveat that the documentation states.
    assert.equal(scope.active(), a, "the caller, until it ends or awaits");
    await misused;
    assert.equal(scope.active(), outer, "the caller, behind its await");
  });
  assert.deepEqual(diagnostics(), { "scope.misuse": 1 });
});

test("a scope closed in another call chain is counted and over for all", async () => {
  await scope.run(outer, async () => {
    const entered = scope.enter(a);
    scope.run(b, () => entered.close());
    assert.equal(scope.active(), outer);
    const another = scope.enter(a);
    const closed = new Promise<void>((resolve) => {
      process.nextTick(() => {
        another.close();
        resolve();
      });
    });
    await closed;
    assert.equal(scope.active(), outer);
  });
  assert.deepEqual(diagnostics(), { "scope.misuse": 2 });
});

test("a scope that is never closed does not leak into the next request of a kept-alive socket", async () => {
  const seen: unknown[] = [];
  const server = http.createServer((_request, response) => {
    seen.push(scope.active());
    scope.enter(a);
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 3; i++) {
    const [response] = await once(http.get({ host: "127.0.0.1", port, agent }), "response");
    await once(response.resume(), "end");
  }
  agent.destroy();
  server.close();
  assert.deepEqual(seen, [undefined, undefined, undefined]);
  assert.deepEqual(diagnostics(), { "scope.misuse": 3 });
});

test("a scope that is never closed does not leak into the next call of an interval", async () => {
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    const interval = setInterval(() => {
      seen.push(scope.active());
      if (seen.length === 3) {
        clearInterval(interval);
        resolve();
      } else {
        scope.enter(a);
      }
    }, 1);
  });
  assert.deepEqual(seen, [undefined, undefined, undefined]);
});
