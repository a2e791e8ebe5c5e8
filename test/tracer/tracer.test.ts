// The built-in tracer: what OpenTracing's API does on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  diagnostics,
  type FinishedSpan,
  MemoryReporter,
  Span,
  SpanContext,
  TraceContextPropagator,
  Tracer,
} from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import * as opentracing from "opentracing";
import { errorFacts } from "#src/report/error-facts.js";
import { clock } from "#src/tracer/clock.js";

function setUp(options: object = {}): { tracer: Tracer; reporter: MemoryReporter } {
  const reporter = new MemoryReporter();
  return { tracer: new Tracer({ reporter, ...options }), reporter };
}

/** How much a counter grows while `act` runs. */
function growth(name: keyof ReturnType<typeof diagnostics>, act: () => void): number {
  const before = diagnostics()[name] ?? 0;
  act();
  return (diagnostics()[name] ?? 0) - before;
}

test("tracer, span and context are instances of OpenTracing's classes", () => {
  const { tracer } = setUp();
  const span = tracer.startSpan("a");
  assert.ok(tracer instanceof opentracing.Tracer);
  assert.ok(span instanceof opentracing.Span && span instanceof Span);
  assert.ok(span.context() instanceof opentracing.SpanContext && span.context() instanceof SpanContext);
  assert.equal(span.tracer(), tracer);
});

test("the types know that a span is made by its tracer alone", () => {
  // @ts-expect-error
  assert.throws(() => new Span().log({}), TypeError);
});

test("ids are 128 and 64 bits in hexadecimal, random, and shared down a trace", () => {
  const { tracer } = setUp();
  const parent = tracer.startSpan("parent");
  const child = tracer.startSpan("child", { childOf: parent });
  const other = tracer.startSpan("other");
  assert.match(parent.context().toTraceId(), /^[0-9a-f]{32}$/);
  assert.match(parent.context().toSpanId(), /^[0-9a-f]{16}$/);
  assert.equal(child.context().toTraceId(), parent.context().toTraceId());
  assert.notEqual(child.context().toSpanId(), parent.context().toSpanId());
  assert.notEqual(other.context().toTraceId(), parent.context().toTraceId());
});

test("a hundred thousand ids do not repeat", () => {
  const { tracer } = setUp();
  const ids = new Set<string>();
  for (let i = 0; i < 100_000; i++) ids.add(tracer.startSpan("a").context().toSpanId());
  assert.equal(ids.size, 100_000);
});

test("childOf takes spans and contexts; spans finish into a tree", () => {
  const { tracer, reporter } = setUp();
  const root = tracer.startSpan("root");
  const first = tracer.startSpan("first", { childOf: root });
  const second = tracer.startSpan("second", { childOf: root.context() });
  const leaf = tracer.startSpan("leaf", { childOf: second });
  for (const span of [leaf, second, first, root]) span.finish();
  assert.equal(
    spanTree(reporter.spans),
    `
root
  first
  second
    leaf`,
  );
});

test("the first child-of reference is the parent, other references are kept as links", () => {
  const { tracer, reporter } = setUp();
  const [a, b, c] = ["a", "b", "c"].map((name) => tracer.startSpan(name).context());
  const references = [opentracing.followsFrom(a!), opentracing.childOf(b!), opentracing.childOf(c!)];
  tracer.startSpan("joined", { references }).finish();
  const span = reporter.spans[0]!;
  assert.equal(span.parentSpanId0, b!.spanId0);
  assert.equal(span.parentSpanId1, b!.spanId1);
  assert.deepEqual(
    span.references.map(({ type, context }) => [type, context]),
    [
      ["follows_from", a],
      ["child_of", c],
    ],
  );
});

test("with follows-from references alone, the first is the parent and stays visible as what it is", () => {
  const { tracer, reporter } = setUp();
  const before = tracer.startSpan("before").context();
  tracer.startSpan("after", { references: [opentracing.followsFrom(before)] }).finish();
  assert.equal(reporter.spans[0]!.parentSpanId1, before.spanId1);
  assert.deepEqual(reporter.spans[0]!.references, [{ type: "follows_from", context: before }]);
});

test("a parent of another tracer starts a new trace and is counted", () => {
  const { tracer, reporter } = setUp();
  const foreign = new opentracing.MockTracer().startSpan("foreign");
  assert.equal(
    growth("span.foreign_parent", () => tracer.startSpan("own", { childOf: foreign }).finish()),
    1,
  );
  assert.equal(spanTree(reporter.spans), "\nown");
});

test("what is no reference is counted and left out", () => {
  const { tracer, reporter } = setUp();
  const parent = tracer.startSpan("parent");
  const left = growth("span.foreign_parent", () => {
    tracer
      .startSpan("a", { references: [null, parent, parent.context(), opentracing.childOf(parent)] as never })
      .finish();
    tracer.startSpan("b", { references: {} as never }).finish();
    tracer.startSpan("c", { references: opentracing.childOf(parent) as never }).finish();
    tracer.startSpan("d", { references: null as never }).finish();
  });
  parent.finish();
  assert.equal(left, 4);
  assert.equal(
    spanTree(reporter.spans),
    `
parent
  a
  c
b
d`,
  );
});

test("startSpan leaves the caller's options as they were", () => {
  const { tracer } = setUp();
  const options = Object.freeze({
    childOf: tracer.startSpan("parent"),
    references: [],
    tags: Object.freeze({ a: 1 }),
    startTime: 1_000,
  });
  tracer.startSpan("child", options).setTag("b", 2).finish();
  assert.deepEqual(Object.keys(options), ["childOf", "references", "tags", "startTime"]);
  assert.equal(options.references.length, 0);
});

test("tags, logs, name and times reach the reporter as given", () => {
  const { tracer, reporter } = setUp();
  const span = tracer.startSpan("before", { startTime: 1_000.25, tags: { a: 1, b: "two" } });
  span.setTag("c", true).addTags({ a: 3, d: null }).setOperationName("after");
  span.log({ event: "one", size: 7 }, 1_100).log({ event: "two" }, 1_200.5);
  span.finish(1_500.75);
  const [reported] = reporter.spans;
  assert.equal(reported!.operationName, "after");
  assert.deepEqual(reported!.tags, ["a", 3, "b", "two", "c", true, "d", null]);
  assert.deepEqual(reported!.logs, [
    { timestamp: 1_100, fields: { event: "one", size: 7 } },
    { timestamp: 1_200.5, fields: { event: "two" } },
  ]);
  assert.deepEqual([reported!.startTime, reported!.endTime], [1_000.25, 1_500.75]);
});

test("a name or a baggage item that has no text throws nothing, and a log keeps a field of any name", () => {
  const { tracer, reporter } = setUp();
  const textless = Object.create(null) as string;
  const shown = growth("report.encode_error", () => {
    const span = tracer.startSpan(textless).setOperationName(textless).setBaggageItem(textless, textless);
    span.finish();
    assert.equal(span.getBaggageItem("(a value that cannot be shown)"), "(a value that cannot be shown)");
    tracer
      .startSpan(Symbol("s") as never)
      .log(JSON.parse('{"__proto__": {"a": 1}, "b": 2}'))
      .finish();
  });
  assert.equal(shown, 4);
  assert.deepEqual(
    reporter.spans.map(({ operationName }) => operationName),
    ["(a value that cannot be shown)", "Symbol(s)"],
  );
  assert.deepEqual(Object.entries(reporter.spans[1]!.logs[0]!.fields), [
    ["__proto__", { a: 1 }],
    ["b", 2],
  ]);
});

test("a getter that throws costs its own tag or field, and is counted", () => {
  const { tracer, reporter } = setUp();
  const given = {
    before: 1,
    get broken(): never {
      throw new RangeError("of the application");
    },
    after: 2,
  };
  const shown = growth("report.encode_error", () => {
    tracer.startSpan("s", { tags: given }).log(given).finish();
  });
  assert.equal(shown, 2);
  const broken = "(a value that cannot be shown)";
  assert.deepEqual(reporter.spans[0]!.tags, ["before", 1, "broken", broken, "after", 2]);
  assert.deepEqual(reporter.spans[0]!.logs[0]!.fields, { before: 1, broken, after: 2 });
});

test("times are laid on the process's own origin, so that services on one machine agree to microseconds", () => {
  assert.equal(clock.offset(performance.now()), performance.timeOrigin);
});

test("times are wall-clock milliseconds, and no span ends before it starts", () => {
  const { tracer, reporter } = setUp();
  const before = Date.now();
  const span = tracer.startSpan("a");
  span.log({ event: "now" });
  span.finish();
  tracer.startSpan("backwards", { startTime: 2_000 }).finish(1_000);
  const [now, backwards] = reporter.spans;
  assert.ok(Math.abs(now!.startTime - before) < 1_000);
  assert.ok(now!.endTime >= now!.startTime && now!.logs[0]!.timestamp >= now!.startTime);
  assert.equal(backwards!.endTime, 2_000);
});

test("a Date is a time; what is no time is now", () => {
  const { tracer, reporter } = setUp();
  const now = Date.now();
  tracer
    .startSpan("dates", { startTime: new Date(5) as never })
    .log({ event: "a" }, new Date(6) as never)
    .finish(new Date(7) as never);
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, null, "soon", [1, 2], new Date(Number.NaN)] as never[]) {
    tracer.startSpan("wrong", { startTime: wrong }).log({ event: "a" }, wrong).finish(wrong);
  }
  const [dates, ...wrong] = reporter.spans.map((span) => [span.startTime, span.logs[0]!.timestamp, span.endTime]);
  assert.deepEqual(dates, [5, 6, 7]);
  for (const times of wrong)
    assert.ok(
      times.every((time) => Math.abs(time! - now) < 10_000),
      String(times),
    );
});

test("a second finish is counted and ignored", () => {
  const { tracer, reporter } = setUp();
  const span = tracer.startSpan("once");
  span.finish();
  assert.equal(
    growth("span.finished_twice", () => span.finish()),
    1,
  );
  assert.equal(reporter.spans.length, 1);
});

test("calls after finish are counted and ignored", () => {
  const { tracer, reporter } = setUp();
  const span = tracer.startSpan("done", { tags: { a: 1 } });
  span.finish();
  const ignored = growth("span.used_after_finish", () => {
    span.setTag("b", 2).addTags({ c: 3 }).log({ event: "late" }).setOperationName("late").setBaggageItem("k", "v");
    span.logEvent("late", {});
  });
  assert.equal(ignored, 6);
  assert.equal(spanTree(reporter.spans, { tags: ["a", "b", "c"], logs: true }), "\ndone  a=1");
  assert.equal(span.getBaggageItem("k"), undefined);
  assert.equal(span.isRecording(), false);
  assert.match(span.context().toSpanId(), /^[0-9a-f]{16}$/);
});

test("baggage goes to children started afterwards, not to those before, nor to siblings", () => {
  const { tracer } = setUp();
  const parent = tracer.startSpan("parent");
  const early = tracer.startSpan("early", { childOf: parent });
  const taken = parent.context();
  parent.setBaggageItem("user", "ada");
  const late = tracer.startSpan("late", { childOf: parent });
  late.setBaggageItem("user", "grace");
  assert.equal(parent.getBaggageItem("user"), "ada");
  assert.equal(early.getBaggageItem("user"), undefined);
  assert.equal(late.getBaggageItem("user"), "grace");
  assert.equal(taken.baggage, undefined);
});

for (const [limit, accepted] of [
  ["maxTags", 3],
  ["maxLogs", 3],
] as const) {
  test(`${limit}: the last within the limit is kept, the first beyond is dropped and counted`, () => {
    const { tracer, reporter } = setUp({ limits: { [limit]: accepted } });
    const span = tracer.startSpan("limited");
    const counter = limit === "maxTags" ? "span.tags_dropped" : "span.logs_dropped";
    const dropped = growth(counter, () => {
      for (let i = 0; i <= accepted; i++) {
        if (limit === "maxTags") span.setTag(`tag${i}`, i);
        else span.log({ event: `log${i}` });
      }
      if (limit === "maxTags") span.setTag("tag0", "replaced although full");
    });
    span.finish();
    const [reported] = reporter.spans;
    assert.equal(dropped, 1);
    assert.equal(limit === "maxTags" ? reported!.tags.length / 2 : reported!.logs.length, accepted);
    assert.equal(limit === "maxTags" ? reported!.droppedTags : reported!.droppedLogs, 1);
    if (limit === "maxTags") assert.equal(reported!.tags[1], "replaced although full");
  });
}

test("maxTags: what tells a span's kind and outcome does not count, and is kept although it comes last", () => {
  const { tracer, reporter } = setUp({ limits: { maxTags: 2 } });
  const last = { b: 2, c: 3, "span.kind": "server", "http.status_code": 503, error: true };
  const dropped = growth("span.tags_dropped", () => {
    tracer.startSpan("last").setTag("a", 1).addTags(last).finish();
    tracer.startSpan("first", { tags: { "span.kind": "server", a: 1, b: 2, c: 3 } }).finish();
  });
  assert.equal(dropped, 2);
  const kind = ["span.kind", "server"];
  assert.deepEqual(reporter.spans[0]!.tags, ["a", 1, "b", 2, ...kind, "http.status_code", 503, "error", true]);
  assert.deepEqual(reporter.spans[1]!.tags, [...kind, "a", 1, "b", 2]);
});

test("maxValueLength: text of that length is kept, one longer is cut and counted, in tags and logs", () => {
  const { tracer, reporter } = setUp({ limits: { maxValueLength: 4 } });
  const cut = growth("span.values_truncated", () => {
    tracer
      .startSpan("a", { tags: { fits: "1234", long: "12345" } })
      .log({ fits: "1234", long: "12345" })
      .finish();
  });
  assert.equal(cut, 2);
  assert.deepEqual(reporter.spans[0]!.tags, ["fits", "1234", "long", "1234"]);
  assert.deepEqual(reporter.spans[0]!.logs[0]!.fields, { fits: "1234", long: "1234" });
});

test("maxValueLength holds for texts in arrays, and for the message and the stack of an error that is logged", () => {
  const { tracer, reporter } = setUp({ limits: { maxValueLength: 20 } });
  const error = new RangeError("m".repeat(1_000_000));
  const list = ["short", "l".repeat(21), 7];
  const cut = growth("span.values_truncated", () => {
    tracer
      .startSpan("a", { tags: { list, refused: Proxy.revocable([], {}).proxy } })
      .log({ event: "error", "error.object": error })
      .log({ event: "error", "error.object": new RangeError("brief"), stack: "given" })
      .log({
        event: "error",
        "error.object": Object.assign(new RangeError("b", { cause: "long" }), { stack: "brief" }),
      })
      .finish();
  });
  assert.equal(cut, 4);
  const [{ tags, logs }] = reporter.spans as [FinishedSpan];
  assert.deepEqual(tags[1], ["short", "l".repeat(20), 7]);
  assert.equal(list[1]!.toString().length, 21);
  assert.deepEqual(errorFacts(logs[0]!.fields), {
    kind: "RangeError",
    type: "RangeError",
    message: "m".repeat(20),
    stack: "RangeError: mmmmmmmm",
  });
  assert.equal(errorFacts(logs[1]!.fields).message, "brief");
  assert.equal(errorFacts(logs[2]!.fields).stack, "brief\nCaused by: lon");
});

test("a reporter that throws loses the span, counted, and nothing else", () => {
  const failing = { report: () => assert.fail("no room"), flush: async () => {}, close: async () => {} };
  const { tracer } = setUp({ reporter: failing });
  assert.equal(
    growth("report.reporter_error", () => tracer.startSpan("a").finish()),
    1,
  );
});

test("a reporter that fails to flush or close is counted, and neither throws nor rejects", async () => {
  const calls = [
    { flush: () => assert.fail("no pen"), close: () => assert.fail("no lid") },
    { flush: () => Promise.reject(new Error("no pen")), close: () => Promise.reject(new Error("no lid")) },
  ];
  const before = diagnostics()["report.reporter_error"] ?? 0;
  for (const failing of calls) {
    const { tracer } = setUp({ reporter: { report: () => {}, ...failing } });
    await tracer.flush();
    await tracer.close();
  }
  assert.equal(diagnostics()["report.reporter_error"], before + 4);
});

test("a propagator that throws is counted, and the others go on", () => {
  const broken = { fields: [], inject: () => assert.fail("no pen"), extract: () => assert.fail("no glasses") };
  const { tracer } = setUp({ propagators: [broken, new TraceContextPropagator()] });
  const headers = {};
  const failures = growth("propagation.error", () => {
    const span = tracer.startSpan("a");
    tracer.inject(span, "http_headers", headers);
    assert.equal(tracer.extract("http_headers", headers)?.toSpanId(), span.context().toSpanId());
  });
  assert.equal(failures, 2);
});

test("a closed tracer answers extract as the no-op tracer does", async () => {
  const { tracer } = setUp();
  const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  assert.equal(tracer.extract("http_headers", headers)?.toSpanId(), "b7ad6b7169203331");
  await tracer.close();
  assert.equal(
    tracer.extract("http_headers", headers) as unknown,
    new opentracing.Tracer().extract("http_headers", headers),
  );
});

test("wrong options throw at construction, in a sentence that says what to write", () => {
  const reporter = new MemoryReporter();
  assert.throws(() => new Tracer({} as never), /needs a reporter, such as new MemoryReporter\(\)/);
  assert.throws(() => new Tracer({ reporter, samplers: 1 } as never), /no option "samplers"; did you mean "sampler"\?/);
  assert.throws(
    () => new Tracer({ reporter, sampler: 0.5 } as never),
    /sampler must be a sampler .*isSampled.*not 0.5/,
  );
  assert.throws(() => new Tracer({ reporter, limits: { maxTags: -1 } }), /limits: maxTags must be a whole number of 0/);
  assert.throws(
    () => new Tracer({ reporter, limits: { tags: 1 } as never }),
    /there is no option "tags"; did you mean "maxTags"/,
  );
});
