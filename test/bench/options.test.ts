// What `npm run bench -- ...` understands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../bench/options.js";

test("names come between commas, and nothing stands for all", () => {
  const { workloads, variants, parts } = readOptions(["--workloads", "hello,fastify", "--only", "ladder"]);
  assert.deepEqual([workloads, variants, parts], [["hello", "fastify"], [], ["ladder"]]);
  assert.deepEqual(readOptions([]).parts, ["ladder", "micro", "footprint", "instructions"]);
});

test("--quick is one round of one generation, where nothing else is asked for", () => {
  const { generations, rounds, seconds } = readOptions(["--quick", "--rounds", "2"]);
  assert.deepEqual([generations, rounds, seconds], [1, 2, 1]);
});

test("what is not understood is refused by name", () => {
  assert.throws(() => readOptions(["--only", "all"]), /--only takes ladder, micro, footprint, instructions, not "all"/);
  assert.throws(() => readOptions(["--rounds", "0"]), /--rounds takes a whole number above 0, not "0"/);
  assert.throws(() => readOptions(["--fast"]), /--fast/);
});
