// Ids are seeded from the system, in Node and where there is none.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const ids = join(import.meta.dirname, "../../src/tracer/ids.js");

for (const [where, before] of [
  ["in Node", ""],
  ["where there is no Node", "globalThis.process = undefined;"],
] as const) {
  test(`two processes have no word in common, ${where}`, () => {
    const program = `const write = console.log; ${before} const { randomWord } = await import(${JSON.stringify(ids)});
      write(JSON.stringify(Array.from({ length: 100 }, randomWord)));`;
    const words = (): number[] =>
      JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program]).toString());
    assert.equal(new Set([...words(), ...words()]).size, 200);
  });
}
