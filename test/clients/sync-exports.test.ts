// What ES modules have imported from Node's modules is updated once, however many of those are patched.

import assert from "node:assert/strict";
import { get } from "node:http";
import module from "node:module";
import { type TestContext, test } from "node:test";
import { initClientTracing, initTracing, MemoryReporter } from "node-opentracing";
import { syncAfter } from "#src/clients/sync-exports.js";

/** Counts the updates from now on. */
function updates(t: TestContext): () => number {
  const original = module.syncBuiltinESMExports;
  let count = 0;
  module.syncBuiltinESMExports = () => {
    count++;
    original();
  };
  original(); // so that we are among them
  t.after(() => {
    module.syncBuiltinESMExports = original;
    original();
  });
  return () => count;
}

test("initTracing updates once, its close once", async (t) => {
  const count = updates(t);
  const untraced = get;
  const tracing = initTracing({ reporter: new MemoryReporter() });
  assert.notEqual(get, untraced);
  assert.equal(count(), 1);
  await tracing.close();
  assert.equal(get, untraced);
  assert.equal(count(), 2);
});

test("who takes over the clients updates once", async (t) => {
  const tracing = initTracing({ reporter: new MemoryReporter() });
  const count = updates(t);
  const clients = initClientTracing();
  assert.equal(count(), 1);
  await clients.close();
  await tracing.close();
});

test("where patching throws, the update is made all the same", (t) => {
  const count = updates(t);
  const fail = (): never => {
    throw new Error("no");
  };
  assert.throws(() => syncAfter(() => syncAfter(fail)), /^Error: no$/);
  assert.equal(count(), 1);
  syncAfter(() => {});
  assert.equal(count(), 2);
});
