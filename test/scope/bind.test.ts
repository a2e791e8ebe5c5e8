// Functions that keep a span whoever calls them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AsyncScopeManager, MemoryReporter, type ScopeManager, Tracer, Tracing } from "node-opentracing";
import type { Span } from "opentracing";
import { bind } from "#src/scope/bind.js";

const tracer = new Tracer({ reporter: new MemoryReporter() });
const scope = new AsyncScopeManager();
const [a, b] = [tracer.startSpan("a"), tracer.startSpan("b")];

test("a bound function runs in the span that was active when it was bound", () => {
  const bound = scope.run(a, () => scope.bind(() => scope.active()));
  assert.equal(bound(), a);
  assert.equal(scope.run(b, bound), a);
  assert.equal(
    scope.run(b, () => [bound(), scope.active()].at(1)),
    b,
  );
});

test("a span that is given counts, undefined for none", () => {
  assert.equal(
    scope.run(b, () => scope.bind(() => scope.active(), a)()),
    a,
  );
  assert.equal(
    scope.run(
      b,
      scope.bind(() => scope.active(), undefined),
    ),
    undefined,
  );
});

test("a function bound where no span is active runs in none", () => {
  const bound = scope.bind(() => scope.active());
  assert.equal(scope.run(b, bound), undefined);
});

test("this, arguments, result, error, length and name are those of the function", () => {
  const bound = scope.bind(function sum(this: { base: number }, x: number, y: number, ...more: number[]) {
    if (x < 0) throw new RangeError("negative");
    return [this.base, x, y, ...more];
  }, a);
  assert.deepEqual(bound.call({ base: 1 }, 2, 3, 4, 5), [1, 2, 3, 4, 5]);
  assert.throws(() => bound.call({ base: 1 }, -1, 0), RangeError);
  assert.equal(bound.name, "sum");
  assert.equal(bound.length, 2);
});

test("of two bindings the first counts", () => {
  const twice = scope.bind(
    scope.bind(() => scope.active(), a),
    b,
  );
  assert.equal(twice(), a);
});

test("what is no function is refused", () => {
  assert.throws(() => scope.bind("f" as unknown as () => void), /bind\(fn\): fn must be a function/);
});

test("bind works over any scope manager that has active and run, and through Tracing", () => {
  let current: Span | undefined = b;
  const manual: ScopeManager = {
    active: () => current,
    run(span, fn, ...args) {
      const before = current;
      current = span;
      try {
        return fn(...args);
      } finally {
        current = before;
      }
    },
  };
  assert.equal(bind(manual, () => current, a)(), a);
  const tracing = new Tracing(tracer, { scopeManager: manual });
  const bound = tracing.bind(() => current);
  current = undefined;
  assert.equal(bound(), b);
});
