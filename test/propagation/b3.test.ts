// The B3 headers, single and multiple.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEBUG, DECISION_ONLY, SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { contextOf, LOW, reads, SPAN, TRACE, written } from "./formats.js";

const IDS = `${TRACE}-${SPAN}`;
const SHORT = `${"0".repeat(16)}${LOW}-${SPAN}`;
const INVALID = "nothing; propagation.invalid 1";

test("the single header says all four sampling states, with the parent's span id or without", () => {
  const states = { "": "undecided", "-0": "dropped", "-1": "sampled", "-d": "debug" };
  for (const [end, state] of Object.entries(states)) {
    assert.equal(reads("b3", { b3: IDS + end }), `${IDS} ${state}`);
    assert.equal(reads("b3", { b3: `${LOW}-${SPAN}${end}` }), `${SHORT} ${state}`);
    if (end !== "") assert.equal(reads("b3", { b3: `${IDS}${end}-05e3ac9a4f6e3b90` }), `${IDS} ${state}`);
  }
  assert.equal(reads("b3", { B3: ` ${IDS.toUpperCase()}-1\t` }), `${IDS} sampled`);
});

test("a state may come alone, in either form", () => {
  for (const [state, expected] of [
    ["0", "dropped"],
    ["1", "sampled"],
    ["d", "debug"],
  ]) {
    assert.equal(reads("b3", { b3: state }), expected);
  }
  assert.equal(reads("b3multi", { "x-b3-sampled": "0" }), "dropped");
  assert.equal(reads("b3multi", { "x-b3-sampled": "1" }), "sampled");
  assert.equal(reads("b3multi", { "x-b3-flags": "1" }), "debug");
});

test("a single header of any other length or form is refused", () => {
  for (const b3 of [
    `${TRACE}0-${SPAN}-1`,
    `${TRACE.slice(1)}-${SPAN}-1`,
    `${LOW}0-${SPAN}-1`,
    `${LOW.slice(1)}-${SPAN}-1`,
    `${TRACE}-${SPAN}0-1`,
    `${TRACE}-${SPAN.slice(1)}-1`,
    `${TRACE}-${SPAN.slice(1)}`,
    `${IDS}-`,
    `${IDS}-true`,
    `${IDS}-1-`,
    `${IDS}-1-05e3ac9a4f6e3b9`,
    `${IDS}-1-05e3ac9a4f6e3b900`,
    `${IDS}-1, ${IDS}-1`,
    `${TRACE.slice(1)}g-${SPAN}-1`,
    `${TRACE}-${SPAN.slice(1)}１-1`,
    "true",
    "-",
    "x".repeat(100_000),
  ]) {
    assert.equal(reads("b3", { b3 }), INVALID, b3.slice(0, 100));
  }
});

test("several headers: ids with leading zeros or without, and no state left to us", () => {
  const ids = { "X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN };
  assert.equal(reads("b3multi", ids), `${IDS} undecided`);
  assert.equal(reads("b3multi", { ...ids, "X-B3-Sampled": "1", "X-B3-ParentSpanId": "1" }), `${IDS} sampled`);
  assert.equal(reads("b3multi", { ...ids, "X-B3-Sampled": "True" }), `${IDS} sampled`);
  assert.equal(reads("b3multi", { ...ids, "X-B3-Sampled": "false" }), `${IDS} dropped`);
  assert.equal(reads("b3multi", { ...ids, "X-B3-Sampled": "0", "X-B3-Flags": "1" }), `${IDS} debug`);
  assert.equal(reads("b3multi", { ...ids, "X-B3-Sampled": "0", "X-B3-Flags": "0" }), `${IDS} dropped`);
  assert.equal(reads("b3multi", { "x-b3-traceid": LOW, "x-b3-spanid": SPAN.slice(2) }), `${SHORT} undecided`);
  assert.equal(reads("b3multi", { "x-b3-traceid": "1", "x-b3-spanid": "2" }).length, SHORT.length + 10);
});

test("several headers that are malformed, incomplete or repeated are refused", () => {
  const ids = { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN };
  for (const carrier of [
    { ...ids, "x-b3-traceid": `0${TRACE}` },
    { ...ids, "x-b3-spanid": `0${SPAN}` },
    { ...ids, "x-b3-traceid": "0" },
    { ...ids, "x-b3-spanid": "0" },
    { ...ids, "x-b3-spanid": undefined },
    { ...ids, "x-b3-sampled": "yes" },
    { ...ids, "x-b3-traceid": [TRACE, TRACE] },
    { ...ids, "x-b3-sampled": ["1", "1"] },
    { ...ids, "x-b3-traceid": "x".repeat(100_000) },
  ]) {
    assert.equal(reads("b3multi", carrier), INVALID);
  }
});

test("both names read both forms, the single header first, the others where it is malformed", () => {
  const multi = { "x-b3-traceid": LOW, "x-b3-spanid": SPAN, "x-b3-sampled": "0" };
  for (const name of ["b3", "b3multi"] as const) {
    assert.equal(reads(name, multi), `${SHORT} dropped`);
    assert.equal(reads(name, { ...multi, b3: `${IDS}-1` }), `${IDS} sampled`);
    assert.equal(reads(name, { ...multi, b3: "nonsense" }), `${SHORT} dropped; propagation.invalid 1`);
  }
});

test("each form is written with all states, and 64-bit trace ids stay so", () => {
  const single = (flags: number): string => written("b3", contextOf(TRACE, SPAN, flags))["b3"]!;
  assert.equal(single(UNDECIDED), IDS);
  assert.equal(single(0), `${IDS}-0`);
  assert.equal(single(SAMPLED), `${IDS}-1`);
  assert.equal(single(SAMPLED | DEBUG), `${IDS}-d`);
  assert.equal(written("b3", contextOf(LOW, SPAN, SAMPLED))["b3"], `${LOW}-${SPAN}-1`);

  const multi = (flags: number): object => written("b3multi", contextOf(TRACE, SPAN, flags));
  const ids = { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN };
  assert.deepEqual(multi(UNDECIDED), ids);
  assert.deepEqual(multi(0), { ...ids, "x-b3-sampled": "0" });
  assert.deepEqual(multi(SAMPLED), { ...ids, "x-b3-sampled": "1" });
  assert.deepEqual(multi(SAMPLED | DEBUG), { ...ids, "x-b3-flags": "1" });
  assert.equal(written("b3multi", contextOf(LOW, SPAN, SAMPLED))["x-b3-traceid"], LOW);
});

test("a decision without ids is passed on as it came", () => {
  const none = "0".repeat(32);
  for (const [flags, b3] of [
    [0, "0"],
    [SAMPLED, "1"],
    [SAMPLED | DEBUG, "d"],
  ] as const) {
    assert.deepEqual(written("b3", contextOf(none, none, flags | DECISION_ONLY)), { b3 });
  }
  assert.deepEqual(written("b3multi", contextOf(none, none, DECISION_ONLY)), { "x-b3-sampled": "0" });
});
