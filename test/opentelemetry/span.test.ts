// A span by OpenTelemetry's API: what its specification says of attributes, events, links, status, times, ends and limits. Cases of
// packages/sdk-trace/test/common/Span.test.ts and Tracer.test.ts (open-telemetry/opentelemetry-js) are among them, in our words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnostics, type FinishedSpan } from "node-opentracing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { traceIdHex } from "#src/trace-context.js";
import { api } from "./api.js";
import { registered } from "./scene.js";

type Span = import("@opentelemetry/api").Span;
type SpanOptions = import("@opentelemetry/api").SpanOptions;
const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
const LINKED = { traceId: "d4cda95b652f4a1592b449d5929fda1b", spanId: "6e0c63257de34c92", traceFlags: 1 };

/** What becomes of a span with which `act` was done. */
function finished(
  t: import("node:test").TestContext,
  act: (span: Span) => void,
  options: SpanOptions = {},
  limits = {},
): FinishedSpan {
  const { lib, reporter, undo } = registered(t, { limits });
  const span = lib.startSpan("span", options);
  act(span);
  span.end();
  undo();
  return reporter.spans[0]!;
}

function tagsOf(span: FinishedSpan): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (let i = 0; i < span.tags.length; i += 2) entries.push([span.tags[i] as string, span.tags[i + 1]]);
  return Object.fromEntries(entries);
}

test("attributes: texts, numbers, booleans and arrays of them; the last of a name counts; no name or no value is none", (t) => {
  const list = ["a", "b"];
  const span = finished(
    t,
    (span) => {
      span.setAttribute("text", "first").setAttribute("text", "last").setAttributes({ number: 1.5, flag: false, list });
      span.setAttribute("", "no name");
      span.setAttribute("none", undefined as never).setAttribute("null", null as never);
      list.push("changed later");
    },
    { attributes: { given: 1 } },
  );
  assert.deepEqual(tagsOf(span), { given: 1, text: "last", number: 1.5, flag: false, list: ["a", "b"] });
});

test("attributes: the limit holds for them alone, the kind aside; a name that is there may change", (t) => {
  resetDiagnostics();
  const span = finished(
    t,
    (span) => span.setAttributes({ a: 1, b: 2, c: 3 }).setAttribute("b", 4),
    { kind: SpanKind.SERVER },
    { maxTags: 2 },
  );
  assert.deepEqual(tagsOf(span), { "span.kind": "server", a: 1, b: 4 });
  assert.equal(span.droppedTags, 1);
  assert.equal(diagnostics()["span.tags_dropped"], 1);
});

test("attributes: long texts are cut, in arrays too", (t) => {
  const span = finished(
    t,
    (span) => span.setAttributes({ cut: "abcdef", kept: "abcde", list: ["abcdefg", "abc"], number: 1234567 }),
    {},
    { maxValueLength: 5 },
  );
  assert.deepEqual(tagsOf(span), { cut: "abcde", kept: "abcde", list: ["abcde", "abc"], number: 1234567 });
});

test("events: a name, attributes and a time in any order that the API allows, within their limits", (t) => {
  const at = new Date("2026-01-02T03:04:05.678Z");
  const span = finished(
    t,
    (span) => {
      span.addEvent("plain").addEvent("timed", at);
      span.addEvent("full", { a: 1, b: "abcdefgh", c: 3 }, [1_700_000_000, 500_000]);
      span.addEvent("any name", JSON.parse('{"__proto__": ["x"]}')).addEvent("too many");
    },
    {},
    { maxLogs: 4, maxFields: 2, maxValueLength: 5 },
  );
  assert.deepEqual(
    span.logs.map(({ name, fields, droppedFields }) => [name, fields, droppedFields]),
    [
      ["plain", {}, 0],
      ["timed", {}, 0],
      ["full", { a: 1, b: "abcde" }, 1],
      ["any name", JSON.parse('{"__proto__": ["x"]}'), 0],
    ],
  );
  assert.equal(span.logs[1]!.timestamp, at.getTime());
  assert.equal(span.logs[2]!.timestamp, 1_700_000_000_000.5);
  assert.equal(span.droppedLogs, 1);
  assert.ok(span.logs[0]!.timestamp >= span.startTime);
});

test("events: an invalid time is now", (t) => {
  const span = finished(t, (span) => span.addEvent("a", new Date(Number.NaN)));
  assert.ok(span.logs[0]!.timestamp >= span.startTime && span.logs[0]!.timestamp <= span.endTime);
});

test("links: given at the start and added later, with their attributes, within their limits", (t) => {
  resetDiagnostics();
  const link = { context: LINKED, attributes: { a: 1, b: 2, c: 3 }, droppedAttributesCount: 4 };
  const span = finished(
    t,
    (span) => {
      span.addLink({ context: LINKED }).addLinks([{ context: api.INVALID_SPAN_CONTEXT }, { context: LINKED }]);
    },
    { links: [link] },
    { maxLinks: 2, maxLinkFields: 2 },
  );
  assert.deepEqual(
    span.references.map(({ type, context, attributes, droppedAttributes }) => [
      type,
      traceIdHex(context),
      attributes,
      droppedAttributes,
    ]),
    [
      ["link", LINKED.traceId, { a: 1, b: 2 }, 5],
      ["link", LINKED.traceId, {}, 0],
    ],
  );
  assert.equal(span.droppedReferences, 1);
  assert.equal(diagnostics()["span.links_dropped"], 1);
});

test("a limit of 0 keeps nothing", (t) => {
  const span = finished(
    t,
    (span) => span.addEvent("a").setAttribute("a", 1),
    { links: [{ context: LINKED }], attributes: { b: 2 } },
    { maxTags: 0, maxLogs: 0, maxLinks: 0 },
  );
  assert.deepEqual([span.tags, [...span.logs], [...span.references]], [[], [], []]);
  assert.deepEqual([span.droppedTags, span.droppedLogs, span.droppedReferences], [2, 1, 1]);
});

const ok = { code: SpanStatusCode.OK };
const unset = { code: SpanStatusCode.UNSET };
const error = { code: SpanStatusCode.ERROR, message: "it failed" };
for (const [what, given, expected] of [
  ["none", [], undefined],
  ["unset is none", [unset], undefined],
  ["an error with its description", [error], { code: 2, message: "it failed" }],
  ["ok has no description", [{ ...ok, message: "fine" }], { code: 1, message: "" }],
  ["a description that is no text is left out", [{ ...error, message: 7 as never }], { code: 2, message: "" }],
  ["unset does not undo an error", [error, unset], { code: 2, message: "it failed" }],
  ["an error becomes another", [error, { ...error, message: "again" }], { code: 2, message: "again" }],
  ["ok wins over an error", [error, ok], { code: 1, message: "" }],
  ["an error after ok changes nothing", [ok, error], { code: 1, message: "" }],
  ["unset after ok changes nothing", [ok, unset], { code: 1, message: "" }],
] as const) {
  test(`status: ${what}`, (t) => {
    const { status } = finished(t, (span) => given.forEach((one) => void span.setStatus(one)));
    assert.deepEqual(status, expected);
  });
}

test("recordException: of a span that records nothing, the exception is not looked at", (t) => {
  const { lib, undo } = registered(t);
  const span = lib.startSpan("span");
  span.end();
  const exception = {
    get name(): string {
      throw new Error("looked at");
    },
  };
  resetDiagnostics();
  span.recordException(exception as never);
  assert.deepEqual(diagnostics(), { "span.used_after_finish": 1 });
  undo();
});

test("recordException: class, message and stack of an error, and nothing of what is none", (t) => {
  class Refused extends TypeError {
    override name = "Refused";
  }
  const thrown = new Refused("no");
  const unreadable = {
    get name(): string {
      throw new Error("unreadable");
    },
  };
  const span = finished(t, (span) => {
    span.recordException(thrown);
    span.recordException("boom", [0, 1_000_000]);
    span.recordException({ name: "Error", stack: "outer", cause: { name: "Odd" } } as never);
    span.recordException({ code: 12 });
    for (const code of ["ECONNREFUSED", "", 0, {}]) span.recordException({ name: "Error", code } as never);
    for (const none of [1, null, undefined, { foo: "bar" }, { stack: "bar" }, ["a"], unreadable])
      span.recordException(none as never);
  });
  assert.deepEqual(
    span.logs.map(({ name, fields }) => [name, fields]),
    [
      ["exception", { "exception.type": "Refused", "exception.message": "no", "exception.stacktrace": thrown.stack }],
      ["exception", { "exception.message": "boom" }],
      ["exception", { "exception.type": "Error", "exception.stacktrace": "outer\nCaused by: Odd" }],
      ["exception", { "exception.type": "12" }],
      // As the SDK, which takes a code before the class.
      ["exception", { "exception.type": "ECONNREFUSED" }],
      ...Array(3).fill(["exception", { "exception.type": "Error" }]),
    ],
  );
  assert.equal(span.logs[1]!.timestamp, 1);
  assert.equal(span.status, undefined);
});

test("kinds are tags, internal is none", (t) => {
  const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
  assert.deepEqual(
    kinds.map((kind) => tagsOf(finished(t, () => {}, { kind }))["span.kind"]),
    [undefined, "server", "client", "producer", "consumer"],
  );
});

test("times: milliseconds, performance.now(), a Date, seconds and nanoseconds; the end is never before the start", (t) => {
  const { lib, reporter } = registered(t);
  const now = performance.now();
  for (const [startTime, endTime] of [
    [1_700_000_000_000, 1_700_000_000_001.5],
    [now, now + 2],
    [new Date(1_700_000_000_000), new Date(1_700_000_000_001)],
    [[1_700_000_000, 1_000_000] as [number, number], [1_700_000_000, 0] as [number, number]],
  ]) {
    lib.startSpan("span", { startTime: startTime! }).end(endTime);
  }
  const [first, relative, date, precise] = reporter.spans;
  assert.deepEqual([first!.startTime, first!.endTime], [1_700_000_000_000, 1_700_000_000_001.5]);
  assert.ok(Math.abs(relative!.startTime - (performance.timeOrigin + now)) < 1_000);
  assert.ok(Math.abs(relative!.endTime - relative!.startTime - 2) < 0.01);
  assert.equal(date!.endTime - date!.startTime, 1);
  assert.deepEqual([precise!.startTime, precise!.endTime], [1_700_000_000_001, 1_700_000_000_001]);
});

test("after the end a span records no more, keeps its context, and counts who calls it", (t) => {
  resetDiagnostics();
  const { lib, reporter } = registered(t);
  const span = lib.startSpan("span");
  const before = span.spanContext();
  assert.equal(span.isRecording(), true);
  span.end();
  assert.equal(span.isRecording(), false);
  span.setAttribute("a", 1).addEvent("b").setStatus(error).updateName("c").addLink({ context: LINKED });
  span.recordException("boom");
  span.end();
  assert.deepEqual(span.spanContext(), before);
  const [only] = reporter.spans;
  assert.equal(reporter.spans.length, 1);
  assert.deepEqual([only!.operationName, only!.tags, only!.logs.length, only!.status], ["span", [], 0, undefined]);
  assert.deepEqual(diagnostics(), { "span.used_after_finish": 6, "span.finished_twice": 1 });
});

test("root: no parent, though there is an active span; the context's other values stay", (t) => {
  const { tracing, lib, reporter } = registered(t);
  tracing.startActiveSpan("ours", (ours) => {
    ours.setBaggageItem("a", "1");
    lib.startActiveSpan("root", { root: true }, (root) => {
      assert.notEqual(root.spanContext().traceId, ours.context().toTraceId());
      assert.equal(tracing.activeSpan(), root);
      assert.equal(tracing.activeSpan()!.getBaggageItem("a"), "1");
      root.end();
    });
  });
  assert.equal(reporter.spans[0]!.parentSpanId0 | reporter.spans[0]!.parentSpanId1, 0);
});

test("the scope says who made a span: name, version and schema; one object for all of a tracer's spans", (t) => {
  const { reporter } = registered(t);
  const tracer = trace.getTracerProvider().getTracer("scope", "1.2.3", { schemaUrl: "https://schema.example/1" });
  tracer.startSpan("a").end();
  trace.getTracerProvider().getTracer("scope", "1.2.3", { schemaUrl: "https://schema.example/1" }).startSpan("b").end();
  trace.getTracerProvider().getTracer("scope").startSpan("c").end();
  const [a, b, c] = reporter.spans.map(({ scope }) => scope);
  assert.deepEqual(a, { name: "scope", version: "1.2.3", schemaUrl: "https://schema.example/1" });
  assert.equal(a, b);
  assert.notEqual(a, c);
});

test("the scope is text, whatever JavaScript passes for name, version and schema", (t) => {
  const { reporter } = registered(t);
  const provider = trace.getTracerProvider();
  provider
    .getTracer("lib", null as never)
    .startSpan("a")
    .end();
  provider
    .getTracer(2 as never, 1 as never, { schemaUrl: {} as never })
    .startSpan("b")
    .end();
  provider
    .getTracer(undefined as never, Symbol() as never, null as never)
    .startSpan("c")
    .end();
  assert.deepEqual(
    reporter.spans.map(({ scope }) => scope),
    [
      { name: "lib", version: undefined, schemaUrl: undefined },
      { name: "2", version: "1", schemaUrl: undefined },
      { name: "", version: undefined, schemaUrl: undefined },
    ],
  );
});

test("OpenTracing's calls on a span of OpenTelemetry's: tags are attributes, error is the status, logs are events", (t) => {
  const { tracing, lib, reporter } = registered(t);
  lib.startActiveSpan("theirs", (span) => {
    const active = tracing.activeSpan()!;
    active.setTag("a", 1).addTags({ error: true, b: 2 });
    active.log({ event: "error", "error.object": new RangeError("no") });
    active.setOperationName("renamed");
    span.end();
  });
  const [span] = reporter.spans;
  assert.deepEqual(tagsOf(span!), { a: 1, b: 2 });
  assert.deepEqual(span!.status, { code: 2, message: "" });
  assert.equal(span!.operationName, "renamed");
});

test("OpenTelemetry's calls on a span of ours: attributes are tags, a status set in so many words wins over ours", (t) => {
  const { tracing, tree, reporter } = registered(t);
  tracing.startActiveSpan("ours", (ours) => {
    ours.setTag("error", true);
    trace.getActiveSpan()!.setAttribute("a", 1).setStatus(ok);
  });
  tracing.startActiveSpan("failed", () => {
    trace.getActiveSpan()!.recordException(new RangeError("no"));
    trace.getActiveSpan()!.setStatus(error);
  });
  assert.equal(
    tree({ tags: ["a"] }),
    `
ours  a=1
failed  error=RangeError`,
  );
  assert.equal(reporter.spans[0]!.scope, undefined);
});

test("a span with wrong arguments is made all the same", (t) => {
  const { lib, reporter } = registered(t);
  const none = undefined as never;
  const unreadable = {
    serialize(): never {
      throw new Error("unreadable");
    },
  };
  lib.startSpan(none, undefined, undefined).end();
  lib.startSpan("a", { startTime: "yesterday" as never, kind: 99 as never }, ROOT_CONTEXT).end("now" as never);
  lib.startSpan("b", null as never, null as never).end();
  lib.startSpan("c", { attributes: null as never, links: null as never }).end();
  lib.startSpan("d", { links: [null, {}, { context: null }, { context: { traceId: 1 } }] as never }).end();
  const context = { ...LINKED, traceState: unreadable as never };
  lib.startSpan("e", { links: [{ context }] }, trace.setSpanContext(ROOT_CONTEXT, context)).end();
  lib.startSpan("f").setStatus(none).addLink(none).addLinks(none).setAttributes(none).addEvent(none, none, none).end();
  lib.startSpan(Object.create(null)).updateName(Object.create(null)).addEvent(Object.create(null)).end();
  assert.equal(reporter.spans.length, 8);
  assert.deepEqual(
    reporter.spans.map(({ references, status }) => [references.length, status]),
    [0, 0, 0, 0, 0, 1, 0, 0].map((links) => [links, undefined]),
  );
  const { operationName, logs } = reporter.spans[7]!;
  assert.deepEqual([operationName, logs[0]!.name], Array(2).fill("(a value that cannot be shown)"));
  assert.equal(traceIdHex(reporter.spans[5]!.context), LINKED.traceId);
});

test("startActiveSpan without a function does nothing", (t) => {
  const { lib, reporter } = registered(t);
  for (const args of [["a"], ["a", {}], ["a", {}, ROOT_CONTEXT], ["a", undefined]]) {
    assert.equal(lib.startActiveSpan(...(args as unknown as [string, () => void])), undefined);
  }
  assert.deepEqual(reporter.spans, []);
});
