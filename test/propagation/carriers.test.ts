// TEXT_MAP and HTTP_HEADERS carriers through the tracer's public API, and the choice of formats.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BaggagePropagator,
  MemoryReporter,
  type Propagator,
  propagatorsByName,
  TraceContextPropagator,
  Tracer,
  type TracerOptions,
} from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { BinaryCarrier, FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { namesAreLowerCase } from "#src/propagation/carrier.js";
import { DEFAULT_PROPAGATORS, propagatorsOf } from "#src/propagation/default-propagators.js";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const FORMATS = [FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS];

function newTracer(): { tracer: Tracer; reporter: MemoryReporter } {
  const reporter = new MemoryReporter();
  return { tracer: new Tracer({ reporter }), reporter };
}

test("what one service injects, the next extracts: its spans are in the same trace", () => {
  for (const format of [...FORMATS, FORMAT_BINARY]) {
    const { tracer, reporter } = newTracer();
    const carrier = format === FORMAT_BINARY ? new BinaryCarrier([]) : {};
    const client = tracer.startSpan("client").setBaggageItem("user", "alice");
    tracer.inject(client, format, carrier);

    const parent = tracer.extract(format, carrier);
    const server = tracer.startSpan("server", { childOf: parent! });
    assert.equal(server.getBaggageItem("user"), "alice");
    server.finish();
    client.finish();
    assert.equal(spanTree(reporter.spans), "\nclient\n  server");
  }
});

test("a span or its context can be injected, before and after it is finished", () => {
  const { tracer } = newTracer();
  const span = tracer.startSpan("s");
  const inject = (from: typeof span | ReturnType<typeof span.context>): unknown => {
    const carrier = {};
    tracer.inject(from, FORMAT_TEXT_MAP, carrier);
    return carrier;
  };
  const before = inject(span);
  span.finish();
  assert.deepEqual(inject(span.context()), before);
  assert.deepEqual(before, { traceparent: `00-${span.context().toTraceId()}-${span.context().toSpanId()}-01` });
});

test("an unsampled trace is passed on as unsampled", () => {
  const { tracer, reporter } = newTracer();
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: TRACEPARENT.replace(/01$/, "00") });
  const span = tracer.startSpan("s", { childOf: parent! });
  const carrier: Record<string, string> = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, carrier);
  assert.match(carrier["traceparent"]!, /^00-4bf92f3577b34da6a3ce929d0e0e4736-.*-00$/);
  span.finish();
  assert.equal(reporter.spans.length, 0);
});

test("a child of a context with baggage alone starts a new trace with that baggage", () => {
  for (const format of FORMATS) {
    const { tracer, reporter } = newTracer();
    const context = tracer.extract(format, { baggage: "user=alice;p=1", traceparent: "nonsense", tracestate: "a=1" });
    assert.equal(context?.toTraceId(), "");
    const span = tracer.startSpan("s", { childOf: context });
    assert.match(span.context().toTraceId(), /^[0-9a-f]{32}$/);
    assert.equal(span.getBaggageItem("user"), "alice");
    const carrier: Record<string, string> = {};
    tracer.inject(span, format, carrier);
    assert.deepEqual(Object.keys(carrier), ["traceparent", "baggage"]);
    assert.equal(carrier["baggage"], "user=alice;p=1");
    span.finish();
    assert.equal(spanTree(reporter.spans), "\ns");
  }
});

test("nothing, or nothing valid, is no context", () => {
  const { tracer } = newTracer();
  for (const format of FORMATS) {
    for (const carrier of [
      {},
      { traceparent: "x" },
      { tracestate: "a=1" },
      { baggage: "x" },
      { baggage: "" },
      [],
      new Map(),
    ]) {
      assert.equal(tracer.extract(format, carrier), null);
    }
  }
});

test("a carrier that is no object is counted, and nothing is thrown", () => {
  const { tracer } = newTracer();
  const span = tracer.startSpan("s");
  const carriers = [undefined, null, 7, "text", true, 7n, Symbol("s")];
  resetDiagnostics();
  for (const format of [...FORMATS, FORMAT_BINARY]) {
    for (const carrier of carriers) {
      assert.equal(tracer.extract(format, carrier), null);
      tracer.inject(span, format, carrier);
    }
  }
  assert.deepEqual(diagnostics(), { "propagation.carrier": 3 * 2 * carriers.length });
});

test("a carrier that throws is counted, and nothing is thrown", () => {
  const { tracer } = newTracer();
  const fail = (): never => {
    throw new Error("hostile carrier");
  };
  const hostile = new Proxy({}, { get: fail, set: fail, ownKeys: fail });
  resetDiagnostics();
  assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, hostile), null);
  assert.deepEqual(diagnostics(), { "propagation.carrier": 2 });
  tracer.inject(tracer.startSpan("s"), FORMAT_HTTP_HEADERS, hostile);
  assert.deepEqual(diagnostics(), { "propagation.carrier": 3 });
  tracer.inject(tracer.startSpan("s"), FORMAT_HTTP_HEADERS, Object.freeze({}));
  assert.deepEqual(diagnostics(), { "propagation.carrier": 4 });
});

test("objects without a prototype, inherited headers, Headers and Map are carriers too", () => {
  const { tracer } = newTracer();
  for (const carrier of [
    Object.assign(Object.create(null), { traceparent: TRACEPARENT }),
    Object.create({ traceparent: TRACEPARENT }),
    Object.create({ TraceParent: TRACEPARENT }),
    new Headers({ Traceparent: TRACEPARENT }),
    new Map([["traceparent", TRACEPARENT]]),
  ]) {
    assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, carrier)?.toSpanId(), "00f067aa0ba902b7");
  }
  const headers = new Headers();
  tracer.inject(tracer.startSpan("s").setBaggageItem("a", "b"), FORMAT_HTTP_HEADERS, headers);
  assert.deepEqual([...headers.keys()], ["baggage", "traceparent"]);
});

test("names in a Map are read in any case, by each format; the lower-case one counts", () => {
  for (const name of ["tracecontext", "b3", "b3multi", "jaeger", "datadog", "ottrace", "xray"]) {
    const tracer = new Tracer({ reporter: new MemoryReporter(), propagators: [name] as never });
    const span = tracer.startSpan("s");
    const carrier: Record<string, string> = {};
    tracer.inject(span, FORMAT_HTTP_HEADERS, carrier);
    const upper = Object.entries(carrier).map(([key, value]): [unknown, string] => [key.toUpperCase(), value]);
    const extracted = tracer.extract(FORMAT_HTTP_HEADERS, new Map([[7, "seven"], ...upper]));
    assert.equal(extracted?.toSpanId(), span.context().toSpanId(), name);
  }
  const other = TRACEPARENT.replace("902b7", "00000");
  const both = new Map([
    ["Traceparent", other],
    ["traceparent", TRACEPARENT],
  ]);
  assert.equal(newTracer().tracer.extract(FORMAT_TEXT_MAP, both)?.toSpanId(), "00f067aa0ba902b7");
});

test("of a carrier whose names are said to be in lower case each header is looked for once, and as ever afterwards", () => {
  const { tracer } = newTracer();
  const asked: PropertyKey[] = [];
  const carrier = new Proxy(
    { Traceparent: TRACEPARENT },
    {
      get: (_target, name) => void asked.push(name),
      ownKeys: () => assert.fail("the names are gone through"),
    },
  );
  namesAreLowerCase(carrier);
  assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, carrier), null);
  assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, { Traceparent: TRACEPARENT })?.toSpanId(), "00f067aa0ba902b7");
  namesAreLowerCase(undefined);
  assert.deepEqual(asked, ["traceparent", "baggage"]);
});

test("a value that is no text is counted and ignored", () => {
  const { tracer } = newTracer();
  resetDiagnostics();
  for (const value of [7, true, {}, Buffer.from(TRACEPARENT), [7], [TRACEPARENT, null]]) {
    assert.equal(tracer.extract(FORMAT_TEXT_MAP, { traceparent: value }), null);
  }
  assert.deepEqual(diagnostics(), { "propagation.invalid": 6 });
});

test("formats are chosen by their propagators, or by name", () => {
  const names = (propagators: readonly object[]): string[] => propagators.map((one) => one.constructor.name);
  assert.deepEqual(names(propagatorsOf(DEFAULT_PROPAGATORS)), ["TraceContextPropagator", "BaggagePropagator"]);
  assert.deepEqual(names(propagatorsByName(["baggage", "tracecontext", "baggage"])), [
    "BaggagePropagator",
    "TraceContextPropagator",
  ]);
  assert.deepEqual(propagatorsByName(["none"]), []);
  for (const name of ["b4", "", "constructor", "__proto__"]) {
    assert.throws(() => propagatorsByName([name]), {
      name: "TypeError",
      message: `there is no propagator "${name}"; there are tracecontext, baggage, b3, b3multi, jaeger, datadog, ottrace, xray, or "none" alone`,
    });
  }
  assert.throws(() => propagatorsByName(["none", "b3"]), /"none" stands alone/);

  const refused = [
    [["tracecontext", "tracecontxt"], '["tracecontext", "tracecontxt"]'],
    [["b3", "none"], '["b3", "none"]'],
    [[null, {}, ["b3"]], "[null, an object, an array]"],
    [[{ inject() {}, extract() {} }], "[an object]"],
    [[{ fields: "x-mine", inject() {}, extract() {} }], "[an object]"],
    [[{ fields: [undefined], inject() {}, extract() {} }], "[an object]"],
    ["b3", '"b3"'],
  ];
  for (const [propagators, shown] of refused) {
    const options = { reporter: new MemoryReporter(), propagators } as unknown as TracerOptions;
    assert.throws(() => new Tracer(options), {
      name: "TypeError",
      message: `new Tracer(options): propagators must be an array of propagators (objects with fields, inject and extract) or of their names, which are tracecontext, baggage, b3, b3multi, jaeger, datadog, ottrace, xray, or ["none"], not ${shown}`,
    });
  }

  const sent = (propagators: TracerOptions["propagators"]): string[] => {
    const tracer = new Tracer({ reporter: new MemoryReporter(), propagators });
    const carrier = {};
    tracer.inject(tracer.startSpan("s").setBaggageItem("a", "b"), FORMAT_HTTP_HEADERS, carrier);
    return Object.keys(carrier);
  };
  assert.deepEqual(sent([new TraceContextPropagator()]), ["traceparent"]);
  assert.deepEqual(sent([new BaggagePropagator()]), ["baggage"]);
  assert.deepEqual(sent(["tracecontext", new BaggagePropagator()]), ["traceparent", "baggage"]);
  assert.deepEqual(sent(["baggage"]), ["baggage"]);
  assert.deepEqual(sent(["none"]), []);
  assert.deepEqual(sent([]), []);
});

test("of several formats that find a trace the first one counts, and each writes its own header", () => {
  const fixed: Propagator = {
    fields: ["x-fixed"],
    inject: (_context, carrier) => {
      carrier["x-fixed"] = "1";
    },
    extract: (_carrier, context) => {
      Object.assign(context, { traceId3: 1, spanId1: 2, traceFlags: 0, traceState: "fixed=1" });
    },
  };
  const extracted = (propagators: TracerOptions["propagators"], carrier: object): unknown => {
    const context = new Tracer({ reporter: new MemoryReporter(), propagators }).extract(FORMAT_HTTP_HEADERS, carrier)!;
    return [context.toSpanId(), context.isSampled(), context.traceState, context.baggage?.header];
  };
  const carrier = { traceparent: TRACEPARENT, baggage: "a=b" };
  const ofFixed = ["0000000000000002", false, "fixed=1", "a=b"];
  assert.deepEqual(extracted([fixed, "tracecontext", "baggage"], carrier), ofFixed);
  assert.deepEqual(extracted(["baggage", "tracecontext", fixed], carrier), ["00f067aa0ba902b7", true, "", "a=b"]);
  assert.deepEqual(extracted(["tracecontext", "baggage", fixed], { ...carrier, traceparent: "malformed" }), ofFixed);

  const tracer = new Tracer({ reporter: new MemoryReporter(), propagators: ["tracecontext", fixed] });
  const written = {};
  tracer.inject(tracer.startSpan("s"), FORMAT_TEXT_MAP, written);
  assert.deepEqual(Object.keys(written), ["traceparent", "x-fixed"]);
});

test("baggage that a span sets is not seen by spans started before it", () => {
  const { tracer } = newTracer();
  const parent = tracer.startSpan("parent");
  const early = tracer.startSpan("early", { childOf: parent });
  parent.setBaggageItem("a", "1");
  const late = tracer.startSpan("late", { childOf: parent });
  assert.equal(early.getBaggageItem("a"), undefined);
  assert.equal(late.getBaggageItem("a"), "1");
});
