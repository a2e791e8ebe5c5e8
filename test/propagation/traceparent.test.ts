// The `traceparent` header, requirement by requirement as in the W3C's own validation suite, and beyond it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReporter, Tracer } from "node-opentracing";
import { FORMAT_TEXT_MAP } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { fieldsOf, type Headers, passedOn } from "./passed-on.js";

const TRACE_ID = "12345678901234567890123456789012";
const SPAN_ID = "1234567890123456";

function assertContinued(headers: Headers): void {
  const { traceId, spanId } = fieldsOf(passedOn(headers));
  assert.equal(traceId, TRACE_ID, `continues ${JSON.stringify(headers)}`);
  assert.notEqual(spanId, SPAN_ID);
}

function assertRestarted(headers: Headers): void {
  const { traceId } = fieldsOf(passedOn(headers));
  assert.notEqual(traceId, "0".repeat(32));
  for (const [, value] of headers) {
    assert.ok(!value.includes(traceId), `starts anew after ${JSON.stringify(headers)}`);
  }
}

const valid: Record<string, readonly string[]> = {
  "traceparent without tracestate": [`00-${TRACE_ID}-${SPAN_ID}-01`],
  "version cc with nothing more, or more after a dash": [
    `cc-${TRACE_ID}-${SPAN_ID}-01`,
    `cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-will-be-like`,
    `01-${TRACE_ID}-${SPAN_ID}-01-`,
    `fe-${TRACE_ID}-${SPAN_ID}-01`,
  ],
  "blanks around it": [
    ` 00-${TRACE_ID}-${SPAN_ID}-01`,
    `\t00-${TRACE_ID}-${SPAN_ID}-01`,
    `00-${TRACE_ID}-${SPAN_ID}-01 `,
    `00-${TRACE_ID}-${SPAN_ID}-01\t`,
    `\t 00-${TRACE_ID}-${SPAN_ID}-01 \t`,
  ],
};

for (const [what, values] of Object.entries(valid)) {
  test(`a trace is continued: ${what}`, () => {
    for (const value of values) assertContinued([["traceparent", value]]);
  });
}

const malformed: Record<string, readonly string[]> = {
  "version 00 with anything more": [
    `00-${TRACE_ID}-${SPAN_ID}-01.`,
    `00-${TRACE_ID}-${SPAN_ID}-01-what-the-future-will-be-like`,
    `00-${TRACE_ID}-${SPAN_ID}-01-`,
  ],
  "version cc with more after something else than a dash": [
    `cc-${TRACE_ID}-${SPAN_ID}-01.what-the-future-will-be-like`,
    `cc-${TRACE_ID}-${SPAN_ID}-011`,
  ],
  "version ff": [`ff-${TRACE_ID}-${SPAN_ID}-01`, `ff-${TRACE_ID}-${SPAN_ID}-01-more`],
  "illegal characters in the version": [
    `.0-${TRACE_ID}-${SPAN_ID}-01`,
    `0.-${TRACE_ID}-${SPAN_ID}-01`,
    `0A-${TRACE_ID}-${SPAN_ID}-01`,
    ` 0-${TRACE_ID}-${SPAN_ID}-01`,
  ],
  "a version that is too long": [`000-${TRACE_ID}-${SPAN_ID}-01`, `0000-${TRACE_ID}-${SPAN_ID}-01`],
  "a version that is too short": [`0-${TRACE_ID}-${SPAN_ID}-01`, `-${TRACE_ID}-${SPAN_ID}-01`],
  "a trace id of zeros": [`00-${"0".repeat(32)}-${SPAN_ID}-01`],
  "illegal characters in the trace id": [
    `00-.2345678901234567890123456789012-${SPAN_ID}-01`,
    `00-1234567890123456789012345678901.-${SPAN_ID}-01`,
    `00-1234567890123456789012345678901é-${SPAN_ID}-01`,
    `00-123456789012345678901234567890１2-${SPAN_ID}-01`,
  ],
  "a trace id that is too long": [`00-${TRACE_ID}3-${SPAN_ID}-01`],
  "a trace id that is too short": [`00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
  "a parent id of zeros": [`00-${TRACE_ID}-${"0".repeat(16)}-01`],
  "illegal characters in the parent id": [`00-${TRACE_ID}-.234567890123456-01`, `00-${TRACE_ID}-123456789012345.-01`],
  "a parent id that is too long": [`00-${TRACE_ID}-${SPAN_ID}7-01`],
  "a parent id that is too short": [`00-${TRACE_ID}-${SPAN_ID.slice(1)}-01`],
  "illegal characters in the flags": [
    `00-${TRACE_ID}-${SPAN_ID}-.0`,
    `00-${TRACE_ID}-${SPAN_ID}-0.`,
    `00-${TRACE_ID}-${SPAN_ID}-0A`,
  ],
  "flags that are too long": [`00-${TRACE_ID}-${SPAN_ID}-001`],
  "flags that are too short": [
    `00-${TRACE_ID}-${SPAN_ID}-1`,
    `00-${TRACE_ID}-${SPAN_ID}-`,
    `00-${TRACE_ID}-${SPAN_ID}`,
  ],
  "upper-case digits": [`00-${"ABCDEF78901234567890123456789012"}-${SPAN_ID}-01`, `00-${TRACE_ID}-ABCDEF7890123456-01`],
  "other separators": [`00_${TRACE_ID}-${SPAN_ID}-01`, `00-${TRACE_ID}_${SPAN_ID}-01`, `00-${TRACE_ID}-${SPAN_ID}_01`],
  "white space that is no blank": [`\v00-${TRACE_ID}-${SPAN_ID}-01`, `00-${TRACE_ID}-${SPAN_ID}-01\u00a0`],
  "nothing, or nonsense": ["", "-", "00", "00-", "null", "0".repeat(55), "x".repeat(100_000)],
};

for (const [what, values] of Object.entries(malformed)) {
  test(`a trace is started anew: ${what}`, () => {
    for (const value of values) {
      assertRestarted([["traceparent", value]]);
      resetDiagnostics();
      assert.notEqual(passedOn([["traceparent", value]])["traceparent"], value);
      assert.equal(diagnostics()["propagation.invalid"], 2, `counted for each of the two carriers: ${value}`);
    }
  });
}

test("a trace is started anew where there is no header, and nothing is counted", () => {
  resetDiagnostics();
  assertRestarted([]);
  assert.deepEqual(diagnostics(), {});
});

test("a trace is started anew where two traceparent headers came, in any version", () => {
  for (const version of ["00", "cc"]) {
    assertRestarted([
      ["traceparent", `${version}-12345678901234567890123456789011-${SPAN_ID}-01`],
      ["traceparent", `${version}-${TRACE_ID}-${SPAN_ID}-01`],
    ]);
    assertRestarted([
      ["traceparent", `${version}-${TRACE_ID}-${SPAN_ID}-01-x`],
      ["traceparent", `${version}-${TRACE_ID}-${SPAN_ID}-01-x`],
    ]);
  }
});

test("the name is traceparent and no other, in any case", () => {
  for (const name of ["trace-parent", "trace.parent", "traceparent2", "xtraceparent"]) {
    assertRestarted([[name, `00-${TRACE_ID}-${SPAN_ID}-01`]]);
  }
  for (const name of ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"]) {
    assertContinued([[name, `00-${TRACE_ID}-${SPAN_ID}-01`]]);
  }
});

test("of names that differ in case, the lower-case one is read", () => {
  const carrier = {
    TraceParent: `00-${"9".repeat(32)}-${SPAN_ID}-01`,
    traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`,
  };
  const tracer = new Tracer({ reporter: new MemoryReporter() });
  assert.equal(tracer.extract(FORMAT_TEXT_MAP, carrier)?.toTraceId(), TRACE_ID);
});

test("the sampled and the random flag are kept, others are not", () => {
  for (const [received, sent] of [
    ["00", "00"],
    ["01", "01"],
    ["02", "02"],
    ["03", "03"],
    ["04", "00"],
    ["09", "01"],
    ["fe", "02"],
    ["ff", "03"],
  ] as const) {
    assert.equal(fieldsOf(passedOn([["traceparent", `00-${TRACE_ID}-${SPAN_ID}-${received}`]])).flags, sent);
  }
});

test("of a higher version's flags only the sampled one is understood", () => {
  for (const [received, sent] of [
    ["00", "00"],
    ["01", "01"],
    ["02", "00"],
    ["ff", "01"],
  ] as const) {
    assert.equal(fieldsOf(passedOn([["traceparent", `01-${TRACE_ID}-${SPAN_ID}-${received}`]])).flags, sent);
  }
});

test("a new trace has no flags but the sampled one: peers that know no other would begin a trace of their own", () => {
  assert.equal(fieldsOf(passedOn([])).flags, "01");
});

test("several requests made for one are in its trace, each with an id of its own", () => {
  const sent = [1, 2, 3].map(() => fieldsOf(passedOn([["traceparent", `00-${TRACE_ID}-${SPAN_ID}-01`]])));
  assert.deepEqual([...new Set(sent.map(({ traceId }) => traceId))], [TRACE_ID]);
  assert.equal(new Set(sent.map(({ spanId }) => spanId)).size, 3);
  const restarted = [1, 2, 3].map(() => fieldsOf(passedOn([["traceparent", `00-${"0".repeat(32)}-${SPAN_ID}-01`]])));
  assert.equal(new Set(restarted.map(({ spanId }) => spanId)).size, 3);
});
