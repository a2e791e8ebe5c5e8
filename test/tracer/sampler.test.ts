// Samplers: which traces are recorded, and what an unsampled span still does.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALWAYS,
  diagnostics,
  MemoryReporter,
  NEVER,
  ParentBasedSampler,
  RateLimitSampler,
  RatioSampler,
  type Sampler,
  Tracer,
} from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";

function setUp(sampler: Sampler): { tracer: Tracer; reporter: MemoryReporter } {
  const reporter = new MemoryReporter();
  return { tracer: new Tracer({ reporter, sampler }), reporter };
}

test("always records, never does not", () => {
  for (const [sampler, expected] of [
    [ALWAYS, 1],
    [NEVER, 0],
  ] as const) {
    const { tracer, reporter } = setUp(sampler);
    tracer.startSpan("a").finish();
    assert.equal(reporter.spans.length, expected, String(sampler));
  }
});

test("an unsampled span propagates its ids, its baggage and the decision, and records nothing", () => {
  const { tracer, reporter } = setUp(NEVER);
  const span = tracer.startSpan("a", { tags: { x: 1 } });
  const before = diagnostics();
  span.setTag("y", 2).log({ event: "z" }).setBaggageItem("user", "ada");
  const headers: Record<string, string> = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers);
  span.finish();
  const { toTraceId, toSpanId } = { toTraceId: span.context().toTraceId(), toSpanId: span.context().toSpanId() };
  assert.deepEqual(headers, { traceparent: `00-${toTraceId}-${toSpanId}-00`, baggage: "user=ada" });
  assert.equal(span.isRecording(), false);
  assert.equal(reporter.spans.length, 0);
  assert.deepEqual(diagnostics(), before);
});

test("a ratio keeps its share of traces within the spread of chance", () => {
  const { tracer, reporter } = setUp(new RatioSampler(0.25));
  for (let i = 0; i < 40_000; i++) tracer.startSpan("a").finish();
  // Nine standard deviations of a binomial distribution.
  assert.ok(Math.abs(reporter.spans.length - 10_000) < 9 * Math.sqrt(40_000 * 0.25 * 0.75), `${reporter.spans.length}`);
});

test("a ratio decides by the rightmost 56 bits of the trace id: last accepted and first refused", () => {
  const id = (traceId2: number, traceId3: number) => ({
    ...{ traceId0: -1, traceId1: -1, spanId0: 1, spanId1: 1, traceFlags: 0, traceState: "", baggage: undefined },
    traceId2: traceId2 | 0,
    traceId3: traceId3 | 0,
  });
  const half = new RatioSampler(0.5);
  assert.equal(half.isSampled(id(0xff800000, 0)), true);
  assert.equal(half.isSampled(id(0xff7fffff, 0xffffffff)), false);
  assert.equal(new RatioSampler(1).isSampled(id(0, 0)), true);
  assert.equal(new RatioSampler(0).isSampled(id(-1, -1)), false);
});

test("what a smaller ratio keeps, a larger one keeps too", () => {
  const small = new RatioSampler(0.1);
  const large = new RatioSampler(0.3);
  const { tracer } = setUp(ALWAYS);
  for (let i = 0; i < 10_000; i++) {
    const context = tracer.startSpan("a").context();
    assert.ok(!small.isSampled(context) || large.isSampled(context));
  }
});

test("a rate limit lets a second's worth through at once, then as time passes", () => {
  let now = 0;
  const sampler = new RateLimitSampler(2, () => now);
  const take = (n: number): number => Array.from({ length: n }, () => sampler.isSampled()).filter(Boolean).length;
  assert.equal(take(5), 2);
  now += 499;
  assert.equal(take(1), 0);
  now += 1;
  assert.equal(take(5), 1);
  now += 60_000;
  assert.equal(take(5), 2);
});

test("a rate below one a second saves up for a whole trace", () => {
  let now = 0;
  const sampler = new RateLimitSampler(0.1, () => now);
  assert.equal(sampler.isSampled(), true);
  now += 9_999;
  assert.equal(sampler.isSampled(), false);
  now += 1;
  assert.equal(sampler.isSampled(), true);
  assert.equal(new RateLimitSampler(0, () => now).isSampled(), false);
});

test("parent-based follows the caller's decision and asks its root sampler only for roots", () => {
  const { tracer, reporter } = setUp(new ParentBasedSampler(NEVER));
  const trace = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
  const kept = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: `00-${trace}-01` })!;
  const dropped = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: `00-${trace}-00` })!;
  tracer.startSpan("root").finish();
  tracer.startSpan("dropped", { childOf: dropped }).finish();
  tracer.startSpan("kept", { childOf: kept }).finish();
  assert.deepEqual(
    reporter.spans.map((span) => span.operationName),
    ["kept"],
  );
});

test("the tag sampling.priority at the start overrides the sampler, both ways", () => {
  const never = setUp(NEVER);
  never.tracer.startSpan("kept", { tags: { "sampling.priority": 1 } }).finish();
  assert.equal(never.reporter.spans.length, 1);
  const always = setUp(ALWAYS);
  always.tracer.startSpan("dropped", { tags: { "sampling.priority": 0 } }).finish();
  assert.equal(always.reporter.spans.length, 0);
});

test("wrong ratios and rates throw, saying what they must be", () => {
  for (const wrong of [-0.1, 1.1, Number.NaN, "0.5" as never]) {
    assert.throws(() => new RatioSampler(wrong), /must be a number from 0 to 1/);
  }
  assert.throws(() => new RatioSampler("0.1" as never), /, not "0\.1"$/);
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new RateLimitSampler(wrong), /must be a number of traces a second/);
  }
});

test("a sampler that throws leaves the trace unsampled, counted, and the caller unharmed", () => {
  const { tracer, reporter } = setUp({ isSampled: () => assert.fail("broken"), toString: () => "broken" });
  tracer.startSpan("a").finish();
  assert.equal(reporter.spans.length, 0);
  assert.equal(diagnostics()["callback.error"], 1);
});
