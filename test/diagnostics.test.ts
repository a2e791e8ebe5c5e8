// What counters publish, and what comes of listeners that make spans themselves.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { type DiagnosticsMessage, diagnostics, MemoryReporter, Tracer } from "node-opentracing";

test("a listener whose own spans are counted is told of the first, and all are counted", (t) => {
  const tracer = new Tracer({ reporter: new MemoryReporter() });
  const finishTwice = (): void => {
    const span = tracer.startSpan("a");
    span.finish();
    span.finish();
  };
  const heard: string[] = [];
  const listener = (message: unknown): void => {
    heard.push((message as DiagnosticsMessage).name);
    finishTwice();
  };
  subscribe("node-opentracing:diagnostics", listener);
  t.after(() => unsubscribe("node-opentracing:diagnostics", listener));
  const before = diagnostics()["span.finished_twice"] ?? 0;
  finishTwice();
  finishTwice();
  assert.deepEqual(heard, ["span.finished_twice", "span.finished_twice"]);
  assert.equal(diagnostics()["span.finished_twice"], before + 4);
});
