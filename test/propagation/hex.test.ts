// Hexadecimal digits, read and written.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HexTemplate, isHex, readWord } from "#src/propagation/hex.js";

test("a word is read as it is written, signed", () => {
  const template = new HexTemplate("<00000000>");
  for (const word of [0, 1, -1, 0x7fffffff, -0x80000000, 0x01020304, 0x0a0b0c0d | 0xf0000000]) {
    const text = template.setWord(1, word).toString();
    assert.equal(text, `<${(word >>> 0).toString(16).padStart(8, "0")}>`);
    assert.equal(readWord(text, 1), word);
  }
});

test("what is no lower-case digit, or not there, makes no word", () => {
  for (let at = 0; at < 8; at++) {
    for (const character of ["g", "A", "F", " ", "/", ":", "`", "", "é", "１"]) {
      const text = `01234567`.slice(0, at) + character + `01234567`.slice(at + 1);
      assert.ok(Number.isNaN(readWord(text, 0)), text);
      assert.equal(isHex(text, 0, 8), false, text);
    }
  }
});

test("without Node's Buffer the same text is written", (t) => {
  const withBuffer = new HexTemplate("00-00000000-00");
  const { Buffer } = globalThis;
  t.after(() => Object.assign(globalThis, { Buffer }));
  Object.assign(globalThis, { Buffer: undefined });
  const without = new HexTemplate("00-00000000-00");
  for (const word of [0, -1, 0x12345678, -0x12345678]) {
    assert.equal(
      without.setWord(3, word).setByte(12, 3).toString(),
      withBuffer.setWord(3, word).setByte(12, 3).toString(),
    );
  }
});
