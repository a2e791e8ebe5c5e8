// The benchmark's statistics: medians, and differences within one round.

import assert from "node:assert/strict";
import { test } from "node:test";
import { median, paired, quantile, redrawn, repeatable, summary } from "../../bench/statistics.js";

test("the median of an even number of values is half-way between the two in the middle", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
});

test("a quantile between two values is in proportion, and the extremes are the extreme values", () => {
  assert.equal(quantile([0, 10], 0.25), 2.5);
  assert.deepEqual([quantile([3, 1, 2], 0), quantile([3, 1, 2], 1)], [1, 3]);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("a summary has the lowest and the highest beside the median", () => {
  assert.deepEqual(summary([5, 1, 2]), { median: 2, lowest: 1, highest: 5 });
});

test("each period is compared with the base's of the same generation and round; one without a partner is left out", () => {
  const periods = [
    { variant: "untraced", generation: 0, round: 0, cpu: 10 },
    { variant: "untraced", generation: 1, round: 0, cpu: 20 },
    { variant: "ours", generation: 1, round: 0, cpu: 26 },
    { variant: "ours", generation: 0, round: 0, cpu: 15 },
    { variant: "ours", generation: 0, round: 1, cpu: 99 },
  ];
  assert.deepEqual(
    paired(periods, "ours", "untraced", (own, base) => own.cpu - base.cpu),
    [6, 5],
  );
});

test("generations are drawn, and whole rounds within them, as many as there are, the same ones each time", () => {
  const periods = [0, 1, 2].flatMap((generation) =>
    [0, 1].flatMap((round) =>
      ["untraced", "ours"].map((variant) => ({ variant, generation, round, cpu: 10 * generation + round })),
    ),
  );
  const draw = () => {
    const random = repeatable();
    return Array.from({ length: 20 }, () => redrawn(periods, random));
  };
  const draws = draw();
  assert.deepEqual(draws, draw());
  for (const drawn of draws) {
    assert.equal(drawn.length, 12);
    assert.deepEqual(
      paired(drawn, "ours", "untraced", (own, base) => own.cpu - base.cpu),
      [0, 0, 0, 0, 0, 0],
    );
    for (const generation of [0, 1, 2]) {
      const own = drawn.filter((period) => period.generation === generation);
      assert.equal(new Set(own.map(({ cpu }) => Math.floor(cpu / 10))).size, 1);
    }
  }
  assert.ok(draws.some((drawn) => new Set(drawn.map(({ cpu }) => Math.floor(cpu / 10))).size < 3));
});
