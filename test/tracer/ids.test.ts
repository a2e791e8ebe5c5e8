// Ids are seeded from the system, in Node and where there is none.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

// As the compiler wrote it: what is published needs Node.
const ids = new URL("../../src/tracer/ids.js", import.meta.url).href;

for (const [where, without, isWebs] of [
  ["in Node, by its own generator", "", false],
  ["where there is no Node, by the Web's", "globalThis.process = undefined;", true],
] as const) {
  test(`two processes have no id in common, ${where}`, () => {
    const program = `
      const write = console.log;
      const original = crypto.getRandomValues;
      let isWebs = false;
      crypto.getRandomValues = function (words) {
        isWebs = true;
        return original.call(crypto, words);
      };
      ${without}
      const { randomWord } = await import(${JSON.stringify(ids)});
      const made = Array.from({ length: 100 }, () => [randomWord(), randomWord(), randomWord(), randomWord()].join());
      write(JSON.stringify({ made, isWebs }));`;
    const run = (): { made: string[]; isWebs: boolean } =>
      JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program]).toString());
    const [one, other] = [run(), run()];
    assert.equal(new Set([...one.made, ...other.made]).size, 200);
    assert.equal(one.isWebs, isWebs);
  });
}
