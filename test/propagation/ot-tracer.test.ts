// The headers of OpenTracing's basic tracers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { contextOf, LOW, reads, SPAN, TRACE, written } from "./formats.js";

const INVALID = "nothing; propagation.invalid 1";

test("ot-tracer-* is read: ids with leading zeros or without, what each language calls true", () => {
  const headers = { "Ot-Tracer-TraceId": LOW, "ot-tracer-spanid": SPAN.slice(2) };
  const ids = `${"0".repeat(16)}${LOW}-${SPAN}`;
  for (const [sampled, expected] of [
    ["true", "sampled"],
    ["True", "sampled"],
    ["1", "sampled"],
    ["false", "dropped"],
    ["0", "dropped"],
    [undefined, "undecided"],
  ]) {
    assert.equal(reads("ottrace", { ...headers, "ot-tracer-sampled": sampled }), `${ids} ${expected}`);
  }
  assert.equal(reads("ottrace", { ...headers, "ot-tracer-sampled": "yes" }), INVALID);
  assert.equal(
    reads("ottrace", { "ot-tracer-traceid": TRACE, "ot-tracer-spanid": SPAN }),
    `${TRACE}-${SPAN} undecided`,
  );
  assert.equal(reads("ottrace", { "ot-tracer-traceid": `0${TRACE}`, "ot-tracer-spanid": SPAN }), INVALID);
  assert.equal(reads("ottrace", { "ot-tracer-traceid": TRACE, "ot-tracer-spanid": `0${SPAN}` }), INVALID);
  assert.equal(reads("ottrace", { "ot-tracer-traceid": TRACE }), INVALID);
});

test("ot-tracer-* is written with the low 64 bits of the trace id", () => {
  const ids = { "ot-tracer-traceid": LOW, "ot-tracer-spanid": SPAN };
  assert.deepEqual(written("ottrace", contextOf(TRACE, SPAN, SAMPLED)), { ...ids, "ot-tracer-sampled": "true" });
  assert.deepEqual(written("ottrace", contextOf(TRACE, SPAN, 0)), { ...ids, "ot-tracer-sampled": "false" });
  assert.deepEqual(written("ottrace", contextOf(TRACE, SPAN, UNDECIDED)), ids);
  assert.deepEqual(written("ottrace", contextOf(`1${"0".repeat(31)}`, SPAN, SAMPLED)), {});
});
