// The guard's judgement over figures.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Figures, judge } from "../../bench/guard/judge.js";

test("a figure within chance of its limit is kept, one above it exceeded, one below it lower", () => {
  const of = (figure: number) => judge({ "bytes of a span": figure }, { "bytes of a span": 1000 })[0]?.result;
  assert.deepEqual([984, 1000, 1016].map(of), ["kept", "kept", "kept"]);
  assert.deepEqual([983.9, 1016.1].map(of), ["lower", "exceeded"]);
});

test("counts are exact", () => {
  const of = (figure: number) =>
    judge({ "listeners of a request": figure }, { "listeners of a request": 1 })[0]?.result;
  assert.deepEqual([0, 1, 2].map(of), ["lower", "kept", "exceeded"]);
});

test("a time's limit is not lowered by a fast machine", () => {
  assert.equal(judge({ "CPU of a span": 1 }, { "CPU of a span": 5 })[0]?.result, "kept");
});

test("a limit whose measure is missing, or no number, is an error", () => {
  for (const figures of [{}, { "bytes of a span": Number.NaN }] as Figures[]) {
    assert.throws(() => judge(figures, { "bytes of a span": 1 }), /"bytes of a span"/);
  }
});
