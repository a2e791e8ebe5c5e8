// What `npm run bench -- ...` understands.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readOptions } from "../../bench/options.js";
import { twoProcessors } from "../../bench/processors.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

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
  assert.throws(() => readOptions(["--variants", "ours,sentri"]), /there is no variant "sentri"; there are untraced,/);
  assert.throws(() => readOptions(["--workloads", "hallo"]), /there is no workload "hallo"/);
  assert.throws(() => readOptions(["--operations", "spans"]), /there is no operation "spans"/);
});

test("releases of Node come after --node, or in one word with it; what is none is refused", () => {
  for (const args of [["--node", "twenty"], ["--node=twenty"]]) {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/bench.mjs"), ...args], {
      encoding: "utf8",
    });
    assert.equal(status, 2);
    assert.match(stderr, /--node/);
  }
});

test("two processors of different cores are used, of those that the process may use", () => {
  const status = (allowed: string): string => `Name:\tnode\nCpus_allowed_list:\t${allowed}\nMems_allowed:\t1\n`;
  const pairs: Record<string, string> = { "0": "0-1", "1": "0-1", "2": "2,6", "6": "2,6" };
  const chosen = (allowed: string) => twoProcessors(status(allowed), (one) => pairs[one] ?? one);
  assert.deepEqual(chosen("0-3"), ["0", "2"]);
  assert.deepEqual(chosen("2,3,6"), ["2", "3"]);
  assert.deepEqual(chosen("2,6"), ["2", "6"]);
  assert.equal(chosen("5"), undefined);
  assert.equal(
    twoProcessors("", () => ""),
    undefined,
  );
});
