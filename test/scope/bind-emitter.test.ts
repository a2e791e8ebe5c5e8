// Event emitters whose listeners run in the right span.

import assert from "node:assert/strict";
import { EventEmitter, errorMonitor, getEventListeners, on, once } from "node:events";
import { Readable } from "node:stream";
import { test } from "node:test";
import { AsyncScopeManager, MemoryReporter, Tracer, Tracing } from "node-opentracing";

const tracer = new Tracer({ reporter: new MemoryReporter() });
const scope = new AsyncScopeManager();
const [a, b, c] = [tracer.startSpan("a"), tracer.startSpan("b"), tracer.startSpan("c")];
const ADDERS = ["on", "addListener", "prependListener", "once", "prependOnceListener"] as const;

function recorder() {
  const seen: unknown[] = [];
  return { seen, listener: () => void seen.push(scope.active()) };
}

for (const add of ADDERS) {
  test(`${add}: a listener runs in the span that was active when it was added`, () => {
    const emitter = new EventEmitter();
    scope.run(b, () => scope.bindEmitter(emitter));
    const { seen, listener } = recorder();
    scope.run(a, () => emitter[add]("x", listener));
    scope.run(c, () => emitter.emit("x"));
    emitter.emit("x");
    assert.deepEqual(seen, add.toLowerCase().includes("once") ? [a] : [a, a]);
  });

  test(`${add}: with a span given, a listener runs in that, and with undefined in none`, () => {
    for (const span of [a, undefined]) {
      const emitter = new EventEmitter();
      scope.bindEmitter(emitter, span);
      const { seen, listener } = recorder();
      scope.run(b, () => emitter[add](Symbol.for("s"), listener));
      scope.run(c, () => emitter.emit(Symbol.for("s")));
      assert.deepEqual(seen, [span]);
    }
  });

  test(`${add}: removing, listing and counting go by the function that was added`, () => {
    for (const remove of ["off", "removeListener"] as const) {
      const [plain, bound] = [new EventEmitter(), new EventEmitter()];
      scope.bindEmitter(bound, a);
      const told: unknown[][] = [[], []];
      const views = [plain, bound].map((emitter, i) => {
        const listener = () => assert.fail("was removed");
        emitter.on("newListener", (event, fn) => void told[i]!.push([event, fn === listener]));
        emitter.on("removeListener", (event, fn) => void told[i]!.push([event, fn === listener]));
        assert.equal(emitter[add]("x", listener), emitter, "chains");
        const raw = emitter.rawListeners("x") as (typeof listener & { listener?: unknown })[];
        const view = [
          emitter.listeners("x").map((one) => one === listener),
          getEventListeners(emitter, "x").map((one) => one === listener),
          raw.map((one) => [one === listener, one.listener === listener]),
          emitter.listenerCount("x"),
          emitter.eventNames(),
        ];
        emitter[remove]("x", listener);
        return [...view, emitter.emit("x"), emitter.listenerCount("x")];
      });
      assert.deepEqual(views[1], views[0]);
      assert.deepEqual(told[1], told[0]);
    }
  });
}

test("removeAllListeners, arguments, this and order are as ever", () => {
  const emitter = new EventEmitter();
  scope.bindEmitter(emitter, a);
  const calls: unknown[] = [];
  emitter.on("x", function (this: unknown, ...args: unknown[]) {
    calls.push([this === emitter, ...args]);
  });
  emitter.prependOnceListener("x", () => calls.push("first"));
  emitter.emit("x", 1, 2, 3, 4);
  emitter.emit("x", 5);
  assert.deepEqual(calls, ["first", [true, 1, 2, 3, 4], [true, 5]]);
  emitter.removeAllListeners("x");
  assert.equal(emitter.emit("x"), false);
});

test("a once listener taken from rawListeners removes itself when called", () => {
  const emitter = new EventEmitter();
  scope.bindEmitter(emitter, a);
  const { seen, listener } = recorder();
  emitter.once("x", listener);
  emitter.rawListeners("x")[0]!();
  assert.deepEqual(seen, [a]);
  assert.equal(emitter.listenerCount("x"), 0);
});

test("errorMonitor listeners are bound, and an error without listener is thrown as ever", () => {
  const emitter = new EventEmitter();
  scope.bindEmitter(emitter, a);
  const { seen, listener } = recorder();
  emitter.on(errorMonitor, listener);
  const error = new Error("mine");
  assert.throws(
    () => emitter.emit("error", error),
    (thrown) => thrown === error,
  );
  assert.deepEqual(seen, [a]);
});

test("captureRejections sees the promise of a bound listener", async () => {
  const emitter = new EventEmitter({ captureRejections: true });
  scope.bindEmitter(emitter, a);
  const error = new Error("mine");
  const reported = new Promise((resolve) => emitter.on("error", (thrown) => resolve([thrown, scope.active()])));
  emitter.on("x", async () => {
    throw error;
  });
  emitter.emit("x");
  assert.deepEqual(await reported, [error, a]);
});

test("a listener that is no function is refused by the emitter itself", () => {
  const emitter = new EventEmitter();
  scope.bindEmitter(emitter, a);
  for (const add of ADDERS) {
    assert.throws(() => emitter[add]("x", 1 as never), { code: "ERR_INVALID_ARG_TYPE" });
  }
});

test("binding twice is harmless: one call, one removal, the later binding decides", () => {
  const emitter = new EventEmitter();
  const undoFirst = scope.bindEmitter(emitter, a);
  const undoSecond = scope.bindEmitter(emitter, b);
  const { seen, listener } = recorder();
  for (const add of ADDERS) emitter[add](add, listener);
  for (const add of ADDERS) emitter.emit(add);
  assert.deepEqual(seen, [b, b, b, b, b]);
  assert.equal(emitter.rawListeners("on")[0], listener);
  for (const add of ADDERS) emitter.off(add, listener);
  assert.deepEqual(emitter.eventNames(), []);
  undoFirst();
  undoSecond();
  emitter.on("x", listener);
  scope.run(c, () => emitter.emit("x"));
  assert.equal(seen.at(-1), c);
});

test("bound twice, a listener that is to be called once can be removed, and is called once", () => {
  const emitter = new EventEmitter();
  for (let i = 0; i < 2; i++) scope.bindEmitter(emitter);
  let calls = 0;
  const listener = (): unknown => calls++;
  for (const add of ["once", "prependOnceListener"] as const) {
    for (const remove of ["off", "removeListener"] as const) {
      emitter[add]("a", listener);
      assert.deepEqual([emitter.listeners("a"), emitter.listenerCount("a", listener)], [[listener], 1]);
      emitter[remove]("a", listener);
      assert.equal(emitter.emit("a"), false);
    }
    emitter[add]("a", listener);
    emitter.emit("a");
    assert.equal(emitter.emit("a"), false);
  }
  assert.equal(calls, 2);
});

test("after undo new listeners are left alone, and old ones keep their span and can be removed", () => {
  const emitter = new EventEmitter();
  const before = Object.getOwnPropertyNames(emitter);
  const undo = scope.bindEmitter(emitter, a);
  const [kept, once, free] = [recorder(), recorder(), recorder()];
  emitter.on("x", kept.listener);
  emitter.once("x", once.listener);
  undo();
  undo();
  emitter.on("x", free.listener);
  scope.run(b, () => emitter.emit("x"));
  scope.run(b, () => emitter.emit("x"));
  assert.deepEqual([kept.seen, once.seen, free.seen], [[a, a], [a], [b, b]]);
  emitter.off("x", kept.listener);
  assert.deepEqual(emitter.listeners("x"), [free.listener]);
  assert.deepEqual(Object.getOwnPropertyNames(emitter), before);
});

test("a method kept from before undo leaves listeners alone afterwards", () => {
  const emitter = new EventEmitter();
  const undo = scope.bindEmitter(emitter, a);
  const { on: kept } = emitter;
  undo();
  const { seen, listener } = recorder();
  kept.call(emitter, "x", listener);
  scope.run(b, () => emitter.emit("x"));
  assert.deepEqual(seen, [b]);
});

test("a class with its own on, addListener and once is respected", () => {
  const calls: string[] = [];
  class Own extends EventEmitter {
    override on(event: string, listener: (...args: unknown[]) => void): this {
      calls.push(`on ${event}`);
      return super.on(event, listener);
    }
    override addListener(event: string, listener: (...args: unknown[]) => void): this {
      return this.on(event, listener);
    }
    override once(event: string, listener: (...args: unknown[]) => void): this {
      calls.push(`once ${event}`);
      return super.once(event, listener);
    }
  }
  const emitter = new Own();
  scope.bindEmitter(emitter, a);
  const { seen, listener } = recorder();
  emitter.addListener("x", listener);
  emitter.once("y", listener);
  emitter.emit("x");
  emitter.emit("y");
  emitter.emit("y");
  assert.deepEqual(seen, [a, a]);
  assert.deepEqual(calls, ["on x", "once y", "on y"]);
  emitter.off("x", listener);
  assert.deepEqual(emitter.eventNames(), []);
});

test("streams, events.once and events.on work on a bound emitter", async () => {
  const stream = new Readable({ read() {} });
  scope.bindEmitter(stream, a);
  const chunks: unknown[] = [];
  stream.on("data", (chunk) => chunks.push([String(chunk), scope.active()]));
  stream.push("one");
  stream.push(null);
  await once(stream, "end");
  assert.deepEqual(chunks, [["one", a]]);

  const emitter = new EventEmitter();
  scope.bindEmitter(emitter, a);
  const iterator = on(emitter, "x");
  emitter.emit("x", 1);
  assert.deepEqual((await iterator.next()).value, [1]);
  await iterator.return?.();
  assert.equal(emitter.listenerCount("x"), 0);
});

test("what is no emitter is refused, and Tracing binds too", () => {
  assert.throws(() => scope.bindEmitter({} as EventEmitter), /must be an EventEmitter/);
  const tracing = new Tracing(tracer, { scopeManager: scope });
  const emitter = new EventEmitter();
  tracing.bindEmitter(emitter, a);
  const { seen, listener } = recorder();
  emitter.on("x", listener);
  emitter.emit("x");
  assert.deepEqual(seen, [a]);
});
