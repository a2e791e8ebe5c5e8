// The header of AWS X-Ray.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEBUG, SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { contextOf, reads, SPAN, TRACE, written } from "./formats.js";

const ROOT = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
const IDS = `${TRACE}-${SPAN}`;
const INVALID = "nothing; propagation.invalid 1";

test("X-Amzn-Trace-Id is read in any order, with either root, other fields passed over", () => {
  for (const [value, expected] of [
    [`${ROOT};Parent=${SPAN};Sampled=1`, "sampled"],
    [`${ROOT};Parent=${SPAN};Sampled=0`, "dropped"],
    [`${ROOT};Parent=${SPAN};Sampled=?`, "undecided"],
    [`${ROOT};Parent=${SPAN};Sampled=`, "undecided"],
    [`${ROOT};Parent=${SPAN}`, "undecided"],
    [`Root=${TRACE};Parent=${SPAN};Sampled=1`, "sampled"],
    [`Sampled=1; Parent=${SPAN} ;\t${ROOT};`, "sampled"],
    [
      `Self=1-67891234-12456789abcdef012345678;${ROOT};Parent=${SPAN};Sampled=1;Lineage=a87bd80c:1|68fd508a:5`,
      "sampled",
    ],
    [`${ROOT.toUpperCase().replace("ROOT", "Root")};Parent=${SPAN.toUpperCase()};Sampled=1`, "sampled"],
  ]) {
    assert.equal(reads("xray", { "X-Amzn-Trace-Id": value }), `${IDS} ${expected}`, value);
  }
});

test("a root without a parent is none, and not malformed; its decision is that of the trace that begins", () => {
  assert.equal(reads("xray", { "x-amzn-trace-id": ROOT }), "nothing");
  assert.equal(reads("xray", { "x-amzn-trace-id": `${ROOT};Sampled=?` }), "nothing");
  assert.equal(reads("xray", { "x-amzn-trace-id": `${ROOT};Sampled=0` }), "dropped");
  assert.equal(reads("xray", { "x-amzn-trace-id": `Self=1-67891234-1;${ROOT};Sampled=1` }), "sampled");
});

test("an X-Amzn-Trace-Id that is malformed is refused", () => {
  for (const value of [
    `${ROOT}0;Parent=${SPAN};Sampled=1`,
    `${ROOT.slice(0, -1)};Parent=${SPAN};Sampled=1`,
    `Root=${TRACE}0;Parent=${SPAN};Sampled=1`,
    `Root=${TRACE.slice(1)};Parent=${SPAN};Sampled=1`,
    `${ROOT.replace("1-", "2-")};Parent=${SPAN};Sampled=1`,
    `${ROOT};Parent=${SPAN}0;Sampled=1`,
    `${ROOT};Parent=${SPAN.slice(1)};Sampled=1`,
    `${ROOT};Parent=${SPAN};Sampled=2`,
    `${ROOT};Parent=${SPAN};Sampled=1, ${ROOT};Parent=${SPAN};Sampled=1`,
    `Parent=${SPAN};Sampled=1`,
    ";".repeat(100_000),
  ]) {
    assert.equal(reads("xray", { "x-amzn-trace-id": value }), INVALID, value.slice(0, 100));
  }
});

test("X-Amzn-Trace-Id is written with X-Ray's own root", () => {
  const header = (flags: number): string => written("xray", contextOf(TRACE, SPAN, flags))["x-amzn-trace-id"]!;
  assert.equal(header(0), `${ROOT};Parent=${SPAN};Sampled=0`);
  assert.equal(header(SAMPLED), `${ROOT};Parent=${SPAN};Sampled=1`);
  assert.equal(header(SAMPLED | DEBUG), `${ROOT};Parent=${SPAN};Sampled=1`);
  assert.equal(header(UNDECIDED), `${ROOT};Parent=${SPAN}`);
});
