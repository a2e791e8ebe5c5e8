// Cases of OpenTelemetry's own tests of its context manager for Node, in our words, against ours: those of
// packages/opentelemetry-context-async-hooks/test/AsyncHooksContextManager.test.ts (open-telemetry/opentelemetry-js).

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { api } from "./api.js";
import { registered } from "./scene.js";

const { context, ROOT_CONTEXT } = api;
const key = api.createContextKey("key");
const one = ROOT_CONTEXT.setValue(key, 1);
const two = ROOT_CONTEXT.setValue(key, 2);
// API 1.10 has a root context where it is imported and another where it is required: none is known by its contents.

test("with: a context is active inside, the one before afterwards, at any depth", (t) => {
  registered(t);
  context.with(one, () => {
    assert.equal(context.active(), one);
    context.with(two, () => assert.equal(context.active(), two));
    assert.equal(context.active(), one);
  });
  assert.equal(context.active().getValue(key), undefined);
});

test("with: an async function keeps its context over each await, called from another context or not", async (t) => {
  registered(t);
  async function inner(): Promise<void> {
    await null;
    assert.equal(context.active(), two);
  }
  await context.with(one, async () => {
    const done = context.with(two, inner);
    assert.equal(context.active(), one);
    await new Promise(setImmediate);
    assert.equal(context.active(), one);
    await done;
    assert.equal(context.active(), one);
  });
  assert.equal(context.active().getValue(key), undefined);
});

test("with: concurrent operations and timers of one duration keep their contexts apart", async (t) => {
  registered(t);
  const inTimer = (expected: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      setTimeout(() => {
        if (context.active() === expected) resolve();
        else reject(new Error("another context is active"));
      }, 5);
    });
  await Promise.all([context.with(one, inTimer, undefined, one), context.with(two, inTimer, undefined, two)]);
});

test("bind: anything but functions and emitters comes back as it is", (t) => {
  registered(t);
  const object = { a: 1 };
  assert.equal(context.bind(ROOT_CONTEXT, object), object);
});

test("bind: a function runs in its context, with its this, arguments, length and answer", (t) => {
  registered(t);
  function fn(this: unknown, a: number, b: number): unknown[] {
    return [this, a, b, context.active()];
  }
  const bound = context.bind(one, fn);
  assert.equal(bound.length, 2);
  assert.deepEqual(bound.call("that", 1, 2), ["that", 1, 2, one]);
  assert.equal(context.active().getValue(key), undefined);
});

test("bind: what a bound function starts keeps the context", async (t) => {
  registered(t);
  const bound = context.bind(one, async () => {
    await new Promise(setImmediate);
    return context.active();
  });
  assert.equal(await bound(), one);
});

test("bind: an emitter's listeners run in the context, and can be removed in every way", (t) => {
  registered(t);
  const emitter = context.bind(one, new EventEmitter());
  const seen: unknown[] = [];
  const listener = (): unknown => seen.push(context.active());
  emitter.on("a", listener);
  emitter.once("b", listener);
  emitter.prependListener("c", listener);
  for (const event of ["a", "b", "b", "c"]) context.with(two, () => emitter.emit(event));
  assert.deepEqual(seen, [one, one, one]);

  emitter.removeListener("a", listener);
  emitter.off("c", listener);
  emitter.once("d", listener);
  emitter.off("d", listener);
  emitter.on("e", listener);
  emitter.removeAllListeners("e");
  for (const event of ["a", "c", "d", "e"]) assert.equal(emitter.listenerCount(event), 0);
  for (const event of ["a", "c", "d", "e"]) assert.equal(emitter.emit(event), false);
  assert.equal(seen.length, 3);
});

test("with and bind: what is no context is the root's", (t) => {
  registered(t);
  const active = (): unknown => context.active();
  const root = active();
  context.with(one, () => {
    for (const none of [null, undefined] as never[]) {
      assert.equal(context.with(none, active), root);
      assert.equal(context.bind(none, active)(), root);
    }
  });
});

test("disabled: with and bind call the function, in no context", (t) => {
  const { undo } = registered(t);
  undo();
  assert.equal(
    context.with(one, () => context.active()),
    ROOT_CONTEXT,
  );
  const fn = (): unknown => context.active();
  assert.equal(context.bind(one, fn)(), ROOT_CONTEXT);
});
