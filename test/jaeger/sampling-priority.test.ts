// The tag sampling.priority, at any time and on any span of a trace: the decisions of jaeger-client.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as jaeger from "node-opentracing/jaeger";
import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP, type SpanContext } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { type Jaeger, LIBRARIES } from "./libraries.js";

type OurTracer = InstanceType<Jaeger["Tracer"]>;
type Span = ReturnType<OurTracer["startSpan"]>;

const KEY = "sampling.priority";

/** The spans that come of it, and what is answered: the same with either library. */
function both<T>(param: 0 | 1, run: (tracer: OurTracer) => T): { spans: string; answer: T } {
  const [their, our] = LIBRARIES.map(({ jaeger, picture }) => {
    const config = { serviceName: "s", sampler: { type: "const", param } } as const;
    const reporter = new jaeger.InMemoryReporter();
    const tracer = jaeger.initTracer(config, { reporter }) as OurTracer;
    const answer = run(tracer);
    const spans = picture([reporter]);
    void tracer.close(() => {});
    return { answer, spans };
  });
  assert.deepEqual(our, their);
  return our!;
}

function headerFlags(tracer: OurTracer, context: Span | SpanContext, format = FORMAT_HTTP_HEADERS): string {
  const headers: Record<string, string> = {};
  tracer.inject(context, format, headers);
  return headers["uber-trace-id"]!.split(":")[3]!;
}

test("whatever is above 0 records, texts and booleans too; null says nothing, and what is no number drops", () => {
  const values = [1, 0.5, "1", true, 2n, 0, -1, "0", "", "high", false, Number.NaN, null, undefined];
  for (const param of [0, 1] as const) {
    const { answer } = both(param, (tracer) =>
      values.map((value) => {
        const tags = { [KEY]: value };
        const added = tracer.startSpan("s").addTags(tags);
        const later = tracer.startSpan("s");
        const atOnce = tracer.startSpan("s", { tags });
        later.setTag(KEY, value);
        return [atOnce, added, later].map((span) => span.context().flags);
      }),
    );
    const thrice = (flags: number): number[] => [flags, flags, flags];
    assert.deepEqual(answer, [3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, param, param].map(thrice));
  }
});

test("what has no number throws nothing and says nothing", () => {
  const tracer = new jaeger.Tracer("s", new jaeger.NoopReporter(), new jaeger.ConstSampler(true));
  for (const value of [Symbol("1"), Object.create(null), {}]) {
    const span = tracer.startSpan("s", { tags: { [KEY]: value } });
    span.setTag(KEY, value);
    assert.equal(span.context().flags, 1);
  }
});

test("a child's 1 records its local root, siblings that have not ended and what follows; headers agree", () => {
  const { spans, answer } = both(0, (tracer) => {
    const root = tracer.startSpan("first name", { tags: { lost: true } });
    const early = root.context();
    root.setOperationName("root");
    const ended = tracer.startSpan("ended", { childOf: root });
    const sibling = tracer.startSpan("sibling", { childOf: root });
    const child = tracer.startSpan("child", { childOf: root });
    ended.finish();
    child.setTag(KEY, 1);
    root.setTag("kept", true);
    sibling.log({ event: "kept" });
    const flags = [root, early, ended, sibling, child].map((one) => headerFlags(tracer, one));
    flags.push(headerFlags(tracer, early, FORMAT_TEXT_MAP), String(early).split(":")[3]!);
    tracer.startSpan("of an earlier context", { childOf: early, tags: { kept: true } }).finish();
    tracer.startSpan("of an ended span", { childOf: ended }).setBaggageItem("a", "b").finish();
    for (const span of [child, sibling, root]) span.finish();
    return flags;
  });
  assert.deepEqual(answer, ["3", "3", "3", "3", "3", "3", "3"]);
  assert.equal(
    spans,
    `
of an ended span
  - event=baggage key=a value=b
root  kept=true
  child  sampling.priority=1
  of an earlier context  kept=true
  sibling
    - event=kept`,
  );
});

test("a child's 0 drops what has not ended, until another span says otherwise", () => {
  const { spans, answer } = both(1, (tracer) => {
    const root = tracer.startSpan("root");
    tracer.startSpan("ended before", { childOf: root }).finish();
    const child = tracer.startSpan("child", { childOf: root, tags: { [KEY]: 0 } });
    child.finish();
    tracer.startSpan("dropped", { childOf: root }).finish();
    const flags = [headerFlags(tracer, root)];
    const other = tracer.startSpan("other", { childOf: root, tags: { [KEY]: 1 } });
    flags.push(headerFlags(tracer, root), headerFlags(tracer, child));
    other.finish();
    tracer.startSpan("other's child", { childOf: other }).finish();
    return flags;
  });
  assert.deepEqual(answer, ["0", "3", "3"]);
  assert.equal(
    spans,
    `
ended before
other  sampling.priority=1
  other's child`,
  );
});

test("spans of one context that came in share their decision; those of another trace, or of another request, do not", () => {
  const { answer } = both(0, (tracer) => {
    const headers = { "uber-trace-id": "abc:def:0:0" };
    const extract = () => tracer.extract(FORMAT_HTTP_HEADERS, headers);
    const [parent, other] = [extract(), extract()];
    const [first, second] = [parent, parent].map((childOf) => tracer.startSpan("s", { childOf })) as [Span, Span];
    const [elsewhere, root] = [tracer.startSpan("s", { childOf: other }), tracer.startSpan("s")];
    second.setBaggageItem("a", "b");
    first.setTag(KEY, 1);
    return [first, second, parent, elsewhere, root].map((one) => headerFlags(tracer, one));
  });
  assert.deepEqual(answer, ["3", "3", "3", "0", "0"]);
});

test("a span that has ended decides nothing, and following it is no use of it", () => {
  resetDiagnostics();
  const reporter = new jaeger.InMemoryReporter();
  const tracer = new jaeger.Tracer("s", reporter);
  const root = tracer.startSpan("root");
  const child = tracer.startSpan("child", { childOf: root });
  child.finish();
  child.setTag(KEY, 1);
  assert.equal(root.isRecording(), false);
  const { "span.used_after_finish": used } = diagnostics();
  root.setTag(KEY, 1);
  assert.equal(child.context().flags, 3);
  assert.equal(child.isRecording(), false);
  assert.equal(diagnostics()["span.used_after_finish"], used);
  root.finish();
  assert.deepEqual(
    reporter.spans.map(({ operationName }) => operationName),
    ["root"],
  );
});
