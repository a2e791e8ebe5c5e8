// What Callgrind writes, read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isForLater, readCounts } from "../../bench/instructions/callgrind.js";

const FILE = `# callgrind format
version: 1
events: Ir Dr Dw I1mr D1mr

ob=(1) /usr/bin/node
fn=(1) Builtins_LoadIC
0 100 30 10 7 1
+3 20
cfn=(2) v8::internal::Scavenger::Process
calls=2 0
* 5000 9 9 900
-1 1 0 0 1
fn=(2)
0 30
fn=(1)
* 4
totals: 155
`;

test("each function has its own instructions and misses, without those of what it calls", () => {
  assert.deepEqual(
    [...readCounts(FILE)],
    [
      ["Builtins_LoadIC", { instructions: 125, misses: 8 }],
      ["v8::internal::Scavenger::Process", { instructions: 30, misses: 0 }],
    ],
  );
});

test("a file without what is asked for is refused", () => {
  assert.throws(() => readCounts(FILE.replace("I1mr", "I2mr")), /counted no I1mr, but Ir Dr Dw I2mr D1mr/);
});

test("V8's compiling and collecting is told from what a request does itself", () => {
  for (const name of ["v8::internal::compiler::Node::New", "v8::internal::Scavenger::Process"]) {
    assert.equal(isForLater(name), true, name);
  }
  for (const name of [
    "0x00000000f2a81b00",
    "Builtins_LoadIC",
    "v8::internal::Runtime_SetShrink",
    "llhttp__internal_execute",
    "v8::internal::JsonParser<unsigned char>::ParseJson",
  ]) {
    assert.equal(isForLater(name), false, name);
  }
});
