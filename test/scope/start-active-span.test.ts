// A function in a span of its own: parent, end, error, and nothing changed for the function.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { beforeEach, test } from "node:test";
import { AsyncScopeManager, MemoryReporter, type ScopeManager, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import {
  followsFrom,
  MockTracer,
  Tracer as NoopTracer,
  type Span,
  type SpanOptions,
  childOf as toParent,
} from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";

const reporter = new MemoryReporter();
const tracing = new Tracing(new Tracer({ reporter }));

beforeEach(() => {
  reporter.clear();
  resetDiagnostics();
});

function tree(): string {
  return spanTree(reporter.spans, { logs: true });
}

test("an async function's promise is awaited where an application has replaced the global Promise", async () => {
  const { Promise: native } = globalThis;
  globalThis.Promise = class Replaced<T> extends native<T> {} as PromiseConstructor;
  try {
    assert.equal(await tracing.startActiveSpan("async", async () => 1), 1);
    await tracing.startActiveSpan("of the replaced class", () => Promise.resolve());
  } finally {
    globalThis.Promise = native;
  }
  assert.equal(tree(), "\nasync\nof the replaced class");
});

test("server request 6: a span started in another is its child and active in its turn", () => {
  const result = tracing.startActiveSpan("outer", (outer) => {
    assert.equal(tracing.activeSpan(), outer);
    tracing.startActiveSpan("inner", (inner) => assert.equal(tracing.activeSpan(), inner));
    assert.equal(tracing.activeSpan(), outer);
    return 42;
  });
  assert.equal(result, 42);
  assert.equal(tracing.activeSpan(), undefined);
  assert.equal(tree(), "\nouter\n  inner");
});

test("options: tags and start time are kept, and the object given is not changed", () => {
  const options = Object.freeze({ tags: Object.freeze({ k: "v" }), startTime: 1_000 });
  tracing.startActiveSpan("outer", () => tracing.startActiveSpan("inner", options, () => {}));
  assert.equal(reporter.spans[0]?.startTime, 1_000);
  assert.deepEqual(reporter.spans[0]?.tags, ["k", "v"]);
  assert.equal(reporter.spans[0]?.parentSpanId1, reporter.spans[1]?.context.spanId1);
});

test("options: a parent given as childOf or in references wins over the active span", () => {
  const given = tracing.tracer.startSpan("given");
  tracing.startActiveSpan("active", () => {
    tracing.startActiveSpan("by childOf", { childOf: given }, () => {});
    tracing.startActiveSpan("by context", { childOf: given.context() }, () => {});
    tracing.startActiveSpan("by child-of reference", { references: [toParent(given)] }, () => {});
    tracing.startActiveSpan("by follows-from reference", { references: [followsFrom(given)] }, () => {});
    tracing.startActiveSpan("no references", { references: [] }, () => {});
    tracing.startActiveSpan("childOf undefined", { childOf: undefined }, () => {});
  });
  given.finish();
  assert.equal(
    tree(),
    `
given
  by childOf
  by context
  by child-of reference
  by follows-from reference
active
  no references
  childOf undefined`,
  );
});

test("options: undefined is as good as left out", () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  assert.equal(
    tracing.startActiveSpan("a", undefined as never, () => 1),
    1,
  );
  assert.equal(spanTree(reporter.spans), "\na");
});

test("options: childOf null starts a new trace", () => {
  tracing.startActiveSpan("active", () => tracing.startActiveSpan("root", { childOf: null }, () => {}));
  assert.equal(tree(), "\nactive\nroot");
});

test("decorated handler 2: a throw is recorded, whatever its status, and thrown on as it is", () => {
  for (const error of [
    new Error("mine"),
    Object.assign(new Error("not found"), { statusCode: 404 }),
    "text",
    undefined,
  ]) {
    reporter.clear();
    let caught: unknown = "nothing";
    try {
      tracing.startActiveSpan("failing", () => {
        throw error;
      });
    } catch (thrown) {
      caught = thrown;
    }
    assert.equal(caught, error);
    assert.deepEqual(reporter.spans[0]?.tags, ["error", true]);
    assert.deepEqual(reporter.spans[0]?.logs[0]?.fields, { event: "error", "error.object": error });
    assert.equal(reporter.spans.length, 1);
  }
});

test("decorated handler 2: with a promise the span lasts until that settles", async () => {
  const { promise, resolve } = withResolvers<string>();
  const returned = tracing.startActiveSpan("work", () => promise);
  assert.equal(Object.getPrototypeOf(returned), Promise.prototype);
  await null;
  assert.equal(reporter.spans.length, 0);
  resolve("value");
  assert.equal(await returned, "value");
  assert.equal(tree(), "\nwork");

  const error = new Error("mine");
  const failing = tracing.startActiveSpan("failing", async () => {
    await null;
    throw error;
  });
  await assert.rejects(failing, (thrown) => thrown === error);
  assert.equal(tree(), "\nwork\nfailing  error=Error\n  - error error.object=Error: mine");
});

test("a promise keeps its class and what a library laid on it", async () => {
  class Own extends Promise<number> {
    twice(): Promise<number> {
      return this.then((value) => 2 * value);
    }
  }
  const own = tracing.startActiveSpan("own", () => Own.resolve(21) as Own);
  assert.ok(own instanceof Own);
  assert.equal(await own.twice(), 42);
  const decorated = tracing.startActiveSpan("decorated", () => Object.assign(Promise.resolve(1), { child: "process" }));
  assert.equal(decorated.child, "process");
  assert.equal(await decorated, 1);
  assert.equal(tree(), "\nown\ndecorated");
});

test("a promise class that cannot be derived from is returned as it is", async () => {
  class Odd extends Promise<number> {
    constructor() {
      super((resolve) => resolve(7));
    }
  }
  const odd = new Odd();
  assert.equal(
    tracing.startActiveSpan("odd", () => odd),
    odd,
  );
  assert.equal(tree(), "\nodd");
});

test("an error that nobody handles is reported by Node exactly once, one that is handled never", () => {
  const program = `
    import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
    const tracing = new Tracing(new Tracer({ reporter: new MemoryReporter() }));
    process.on("unhandledRejection", (error) => console.log("unhandled", error.message));
    process.on("rejectionHandled", () => console.log("handled late"));
    const fail = (text) => async () => { await null; throw new Error(text); };
    tracing.startActiveSpan("a", fail("nobody"));
    tracing.startActiveSpan("b", fail("somebody")).catch(() => console.log("caught"));
    tracing.startActiveSpan("c", () => tracing.startActiveSpan("d", fail("nested")));
    tracing.startActiveSpan("e", () => ({ then(ok, failed) { failed(new Error("thenable")); } })).then(undefined, () => console.log("caught"));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trim().split("\n").sort(), ["caught", "caught", "unhandled nested", "unhandled nobody"]);
});

test("a generator's object ends the span at once, and its body runs in what is active for its consumer", async () => {
  const bodies: (Span | undefined)[] = [];
  function* numbers() {
    bodies.push(tracing.activeSpan());
    yield 1;
  }
  async function* later() {
    bodies.push(tracing.activeSpan());
    await null;
    bodies.push(tracing.activeSpan());
    yield 1;
  }
  const plain = tracing.startActiveSpan("generator", () => numbers());
  const asynchronous = tracing.startActiveSpan("async generator", () => later());
  assert.equal(tree(), "\ngenerator\nasync generator");
  await tracing.startActiveSpan("consumer", async (consumer) => {
    for (const _ of plain);
    for await (const _ of asynchronous);
    assert.deepEqual(bodies, [consumer, consumer, consumer]);
  });
});

class Broken extends Error {}
function broken(): never {
  throw new Broken("tracer");
}

test("a tracer that cannot start a span: the function runs once, in the span that is active already", () => {
  for (const startSpan of [broken, () => undefined]) {
    resetDiagnostics();
    const failing = new Tracing({ startSpan, inject() {}, extract: () => null } as unknown as NoopTracer);
    let calls = 0;
    tracing.startActiveSpan("outer", (outer) => {
      const result = failing.startActiveSpan("inner", (span) => {
        calls++;
        span.setTag("k", "v").log({ event: "x" });
        assert.equal(tracing.activeSpan(), outer);
        return "result";
      });
      assert.equal(result, "result");
      assert.throws(() => failing.startActiveSpan("inner", () => assert.fail("mine")), /mine/);
    });
    assert.equal(calls, 1);
    assert.deepEqual(diagnostics(), { "tracer.error": 2 });
  }
});

test("a span whose setTag, log or finish throws changes nothing for the function", async () => {
  for (const method of ["setTag", "log", "finish"]) {
    resetDiagnostics();
    let finished = 0;
    class OneSpanTracer extends NoopTracer {
      override startSpan(name: string, options?: SpanOptions): Span {
        const span = super.startSpan(name, options);
        return Object.assign(Object.create(span) as Span, { finish: () => finished++ }, { [method]: broken });
      }
    }
    const failing = new Tracing(new OneSpanTracer());
    assert.equal(
      failing.startActiveSpan("value", () => 1),
      1,
    );
    assert.equal(await failing.startActiveSpan("promise", async () => 2), 2);
    assert.equal(await failing.startActiveSpan("thenable", () => thenable(3)), 3);
    assert.throws(() => failing.startActiveSpan("throw", () => assert.fail("mine")), /mine/);
    await assert.rejects(
      failing.startActiveSpan("rejection", async () => assert.fail("mine")),
      /mine/,
    );
    assert.equal(finished, method === "finish" ? 0 : 5);
    assert.equal(diagnostics()["tracer.error"], method === "finish" ? 5 : 2);
  }
});

test("OpenTracing's own MockTracer and no-op tracer work, and keep the caller's options as they were", () => {
  const mock = new MockTracer();
  const mocked = new Tracing(mock as unknown as NoopTracer);
  const options = Object.freeze({ tags: { k: "v" } });
  mocked.startActiveSpan("outer", () => mocked.startActiveSpan("inner", options, () => {}));
  assert.equal(mock.report().spans.length, 2);
  const [outer, inner] = mock.report().spans;
  assert.ok(outer!.durationMs() >= inner!.durationMs());
  assert.equal(
    new Tracing(new NoopTracer()).startActiveSpan("x", () => 5),
    5,
  );
  assert.deepEqual(diagnostics(), {});
});

test("any scope manager with active and run will do", () => {
  const inner = new AsyncScopeManager();
  const minimal: ScopeManager = {
    active: () => inner.active(),
    run: (span, fn, ...args) => inner.run(span, fn, ...args),
  };
  const own = new Tracing(tracing.tracer, { scopeManager: minimal });
  own.startActiveSpan("outer", () => own.startActiveSpan("inner", () => {}));
  assert.equal(tree(), "\nouter\n  inner");
});

test("what is no function is refused before a span starts", () => {
  assert.throws(() => tracing.startActiveSpan("x", {}, undefined as unknown as () => void), /fn must be a function/);
  assert.equal(reporter.spans.length, 0);
});

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function thenable<T>(value: T): PromiseLike<T> {
  const promise = Promise.resolve(value);
  // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
  return { then: (onValue, onError) => promise.then(onValue, onError) };
}
