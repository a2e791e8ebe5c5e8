// Measuring while a host takes the processors away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stolenTime, undisturbed } from "../../bench/quiet.js";

/** Measures 1, 2, 3 ..., while so many hundredths of a second are stolen from each. */
async function measured(...thefts: readonly number[]): Promise<{ counted: number; disturbed: readonly number[] }> {
  const disturbed: number[] = [];
  let [runs, stolen] = [0, 1000];
  const measure = async (): Promise<number> => {
    stolen += thefts[runs]!;
    return ++runs;
  };
  const counted = await undisturbed(
    measure,
    (one) => disturbed.push(one),
    () => stolen,
  );
  return { counted, disturbed };
}

test("what is measured while the host takes the processors does not count, unless it always does", async () => {
  assert.deepEqual(await measured(0), { counted: 1, disturbed: [] });
  assert.deepEqual(await measured(1), { counted: 1, disturbed: [] });
  assert.deepEqual(await measured(8, 10, 0), { counted: 3, disturbed: [1, 2] });
  assert.deepEqual(await measured(8, 8, 8, 8), { counted: 4, disturbed: [1, 2, 3] });
});

test("what was taken of this machine is a number that never falls", () => {
  const [before, after] = [stolenTime(), stolenTime()];
  assert.ok(Number.isFinite(before) && after >= before, `${before}, then ${after}`);
});
