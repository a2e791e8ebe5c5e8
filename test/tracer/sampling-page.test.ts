// The `ts` blocks of docs/sampling.md, run, and what the page says of samplers that stand alone.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  initTracing,
  MemoryReporter,
  NEVER,
  ParentBasedSampler,
  RateLimitSampler,
  RatioSampler,
  type Sampler,
  Tracer,
  Tracing,
} from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { FORMAT_HTTP_HEADERS, initGlobalTracer, Tracer as NoopTracer } from "opentracing";

/** A trace id that a tenth of all traces is without: its last 56 bits are 0. */
const LOW = "4bf92f3577b34da6a300000000000000";

afterEach(() => initGlobalTracer(new NoopTracer()));

test("docs/sampling.md: a tenth of the traces that begin here, and what a caller decided", async () => {
  const tracing = initTracing({ sampler: new ParentBasedSampler(new RatioSampler(0.1)) });
  const { tracer } = tracing;
  const caller = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: `00-${LOW}-00f067aa0ba902b7-01` })!;
  const headers: Record<string, string> = {};
  tracer.inject(tracer.startSpan("a", { childOf: caller }), FORMAT_HTTP_HEADERS, headers);
  assert.match(headers["traceparent"]!, /-01$/);
  await tracing.close();
});

test("docs/sampling.md: a RatioSampler alone ignores the caller's decision", () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter, sampler: new RatioSampler(0.1) });
  const caller = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: `00-${LOW}-00f067aa0ba902b7-01` })!;
  tracer.startSpan("a", { childOf: caller }).finish();
  assert.equal(reporter.spans.length, 0);
});

test("docs/sampling.md: a RateLimitSampler alone drops spans one by one", () => {
  const names = (wrapped: (sampler: Sampler) => Sampler): string[] => {
    const reporter = new MemoryReporter();
    const tracer = new Tracer({ reporter, sampler: wrapped(new RateLimitSampler(2, () => 0)) });
    const root = tracer.startSpan("root");
    for (const name of ["a", "b"]) tracer.startSpan(name, { childOf: root }).finish();
    root.finish();
    return reporter.spans.map(({ operationName }) => operationName);
  };
  assert.deepEqual(
    names((sampler) => sampler),
    ["a", "root"],
  );
  assert.deepEqual(
    names((sampler) => new ParentBasedSampler(sampler)),
    ["a", "b", "root"],
  );
});

test("docs/sampling.md: one span by hand, and what is below it", () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter, sampler: new ParentBasedSampler(NEVER) }));
  const importAll = (): void => tracing.startActiveSpan("import", () => {});
  tracing.startActiveSpan("nightly import", { tags: { "sampling.priority": 1 } }, importAll);
  tracing.startActiveSpan("later", (span) => span.setTag("sampling.priority", 1));
  assert.equal(spanTree(reporter.spans), "\nnightly import\n  import");
});

test("docs/sampling.md: a sampler of your own", async () => {
  const tenth = new RatioSampler(0.1);
  const checkouts: Sampler = {
    isSampled: (context, operationName) => operationName === "checkout" || tenth.isSampled(context),
    toString: () => "checkouts, and a tenth of the rest",
  };
  const tracing = initTracing({ sampler: new ParentBasedSampler(checkouts) });
  const headers: Record<string, string> = {};
  tracing.tracer.inject(tracing.tracer.startSpan("checkout"), FORMAT_HTTP_HEADERS, headers);
  assert.match(headers["traceparent"]!, /-01$/);
  await tracing.close();
});
