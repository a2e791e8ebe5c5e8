// Sampling decisions of callers that say more, or less, than W3C trace context can, through the tracer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ALWAYS, MemoryReporter, NEVER, ParentBasedSampler, type Sampler, Tracer } from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { LOW, SPAN, stateOf, TRACE } from "./formats.js";

const ALL = ["b3", "jaeger", "datadog", "ottrace", "xray"] as const;
const IDS = `${TRACE}-${SPAN}`;

interface Answer {
  readonly sampled: boolean;
  readonly continued: boolean;
  readonly debugId: unknown;
  readonly sent: Readonly<Record<string, string>>;
}

/** What a service with this sampler makes of a request: its span, and the headers of its own calls. */
function answered(headers: object, root: Sampler, sampler: Sampler = new ParentBasedSampler(root)): Answer {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter, sampler, propagators: [...ALL] });
  const span = tracer.startSpan("s", { childOf: tracer.extract(FORMAT_HTTP_HEADERS, headers)! });
  const sent = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
  span.finish();
  const tags = reporter.spans[0]?.tags ?? [];
  const debugId = tags[tags.indexOf("jaeger-debug-id") + 1];
  return { sampled: reporter.spans.length === 1, continued: span.context().toTraceId().endsWith(LOW), debugId, sent };
}

const UNDECIDED_HEADERS = [
  { b3: IDS },
  { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN },
  { "x-datadog-trace-id": String(BigInt(`0x${LOW}`)), "x-datadog-parent-id": "1" },
  { "ot-tracer-traceid": LOW, "ot-tracer-spanid": SPAN },
  { "x-amzn-trace-id": `Root=${TRACE};Parent=${SPAN};Sampled=?` },
];

test("a decision that the caller left open is the sampler's, as for a root, and is passed on as decided", () => {
  for (const headers of UNDECIDED_HEADERS) {
    const kept = answered(headers, ALWAYS);
    assert.deepEqual([kept.sampled, kept.continued, kept.sent["b3"]!.at(-1)], [true, true, "1"]);
    const dropped = answered(headers, NEVER);
    assert.deepEqual([dropped.sampled, dropped.continued, dropped.sent["b3"]!.at(-1)], [false, true, "0"]);
  }
});

test("a context that is undecided is passed on as undecided where no span is made of it", () => {
  const tracer = new Tracer({ reporter: new MemoryReporter(), propagators: [...ALL] });
  const sent: Record<string, string> = {};
  tracer.inject(tracer.extract(FORMAT_HTTP_HEADERS, { b3: IDS })!, FORMAT_HTTP_HEADERS, sent);
  assert.equal(sent["b3"], IDS);
  assert.equal("x-datadog-sampling-priority" in sent, false);
  assert.equal("ot-tracer-sampled" in sent, false);
  assert.equal(sent["x-amzn-trace-id"]!.includes("Sampled"), false);
  assert.equal(stateOf(tracer.extract(FORMAT_HTTP_HEADERS, sent)!.traceFlags), "undecided");
});

test("debug is recorded by whoever follows the caller, and passed on in every format that has it", () => {
  for (const headers of [
    { b3: `${IDS}-d` },
    { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-flags": "1" },
    { "uber-trace-id": `${TRACE}:${SPAN}:0:3` },
    { "x-datadog-trace-id": "1", "x-datadog-parent-id": "1", "x-datadog-sampling-priority": "2" },
  ]) {
    const { sampled, sent } = answered(headers, NEVER);
    assert.equal(sampled, true);
    assert.equal(sent["b3"]!.at(-1), "d");
    assert.equal(sent["uber-trace-id"]!.at(-1), "3");
    assert.equal(sent["x-datadog-sampling-priority"], "2");
  }
  const { sampled, sent } = answered({ b3: `${IDS}-d` }, NEVER, NEVER);
  assert.deepEqual([sampled, sent["b3"]!.at(-1)], [false, "0"], "a sampler that asks nobody is not overruled");
});

test("a decision without ids, or without a parent's, is that of the trace that begins", () => {
  const root = { "x-datadog-trace-id": String(BigInt(`0x${LOW}`)), "x-datadog-parent-id": "0" };
  for (const headers of [
    { b3: "0" },
    { "x-b3-sampled": "0" },
    { "x-amzn-trace-id": `Root=${TRACE};Sampled=0` },
    { ...root, "x-datadog-sampling-priority": "-1" },
  ]) {
    const { sampled, continued, sent } = answered(headers, ALWAYS);
    assert.deepEqual([sampled, continued, sent["b3"]!.at(-1)], [false, false, "0"]);
  }
  for (const [headers, end] of [
    [{ b3: "1" }, "1"],
    [{ b3: "d" }, "d"],
    [{ "x-b3-flags": "1" }, "d"],
    [{ "x-amzn-trace-id": `Root=${TRACE};Sampled=1` }, "1"],
    [{ ...root, "x-datadog-sampling-priority": "1" }, "1"],
    [{ ...root, "x-datadog-sampling-priority": "2" }, "d"],
  ] as const) {
    const { sampled, continued, sent } = answered(headers, NEVER);
    assert.deepEqual([sampled, continued, sent["b3"]!.at(-1)], [true, false, end]);
  }
  const ids = { "uber-trace-id": `${TRACE}:${SPAN}:0:1` };
  assert.deepEqual(answered({ b3: "0", ...ids }, ALWAYS).sampled, true, "ids of a later format count for more");
});

test("jaeger-debug-id starts a trace that is recorded, and is a tag of its root", () => {
  const { sampled, debugId, sent } = answered({ "jaeger-debug-id": "ticket-42" }, NEVER);
  assert.equal(sampled, true);
  assert.equal(debugId, "ticket-42");
  assert.equal(sent["uber-trace-id"]!.at(-1), "3");
  const inTrace = answered(
    { "jaeger-debug-id": "ticket-42", "ot-tracer-traceid": LOW, "ot-tracer-spanid": SPAN },
    ALWAYS,
  );
  assert.deepEqual([inTrace.continued, inTrace.debugId], [true, undefined]);
});
