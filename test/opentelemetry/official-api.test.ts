// Cases of OpenTelemetry's own tests of its JavaScript API, in our words, against our provider, context manager and propagator.
// Each group names the file of open-telemetry/opentelemetry-js (api/test/common/...) whose cases it mirrors.

import assert from "node:assert/strict";
import { test } from "node:test";
import { api } from "./api.js";
import { registered } from "./scene.js";

const { context, propagation, ROOT_CONTEXT, trace } = api;

// api/api.test.ts

test("API: getTracerProvider answers a provider that makes tracers", (t) => {
  registered(t);
  assert.equal(typeof trace.getTracerProvider().getTracer("name").startSpan, "function");
});

test("API: getActiveSpan answers the span of the active context", (t) => {
  registered(t);
  const span = trace.wrapSpanContext({
    traceId: "d4cda95b652f4a1592b449d5929fda1b",
    spanId: "6e0c63257de34c92",
    traceFlags: 1,
  });
  const around = trace.setSpan(ROOT_CONTEXT, span);
  assert.equal(trace.getSpan(around), span);
  context.with(around, () => assert.equal(trace.getActiveSpan(), span));
});

test("API: with forwards this, arguments and the return value, and throws on", (t) => {
  registered(t);
  function fn(this: string, ...args: unknown[]): string {
    assert.equal(this, "that");
    assert.deepEqual(args, ["one", 2]);
    return "done";
  }
  assert.equal(context.with(ROOT_CONTEXT, fn as never, "that" as never, "one" as never, 2 as never), "done");
  assert.equal(
    context.with(ROOT_CONTEXT, () => 3.14),
    3.14,
  );
  assert.throws(() => {
    context.with(ROOT_CONTEXT, () => {
      throw new Error("thrown on");
    });
  }, /thrown on/);
});

test("API: the global provider is used by trace.getTracer, and a second one is refused", (t) => {
  const { reporter } = registered(t);
  const second = { getTracer: () => assert.fail("the second provider is asked") };
  assert.equal(trace.setGlobalTracerProvider(second), false);
  trace.getTracer("name").startSpan("span").end();
  assert.equal(reporter.spans.length, 1);
});

test("API: propagation.inject, extract and fields go to the global propagator, with getters and setters of any kind", (t) => {
  const { lib } = registered(t);
  const span = lib.startSpan("span");
  const carrier = new Map<string, string>();
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, { set: (map, name, value) => map.set(name, value) });
  assert.deepEqual([...carrier.keys()], ["traceparent"]);
  const read = propagation.extract(ROOT_CONTEXT, carrier, {
    keys: (map) => [...map.keys()],
    get: (map, name) => map.get(name),
  });
  assert.deepEqual(trace.getSpanContext(read), { ...span.spanContext(), isRemote: true });
  assert.deepEqual(propagation.fields(), ["traceparent", "tracestate", "baggage"]);
});

// proxy-implementations/proxy-tracer.test.ts

test("ProxyTracer: a tracer got before makes spans of ours, active ones too, with the arguments as they were given", (t) => {
  const early = trace.getTracerProvider().getTracer("early", "1", { schemaUrl: "https://schema.example/1" });
  const idle = early.startSpan("nobody");
  assert.equal(idle.isRecording(), false);
  assert.equal(trace.isSpanContextValid(idle.spanContext()), false);
  const { reporter } = registered(t);
  const parent = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "d4cda95b652f4a1592b449d5929fda1b",
    spanId: "6e0c63257de34c92",
    traceFlags: 1,
  });
  early.startSpan("span", { attributes: { a: 1 } }, parent).end();
  early.startActiveSpan("active", (span) => {
    assert.equal(trace.getActiveSpan(), span);
    span.end();
  });
  const [span, active] = reporter.spans;
  assert.equal(span!.context.traceId0, 0xd4cda95b | 0);
  assert.deepEqual(span!.tags, ["a", 1]);
  assert.deepEqual(active!.scope, { name: "early", version: "1", schemaUrl: "https://schema.example/1" });
});

// noop-implementations/noop-tracer.test.ts: what holds of every tracer

test("Tracer: startActiveSpan takes its function as the second, third or fourth argument, and answers its answer", (t) => {
  const { lib } = registered(t);
  const key = api.createContextKey("key");
  const around = ROOT_CONTEXT.setValue(key, "value");
  assert.equal(
    lib.startActiveSpan("name", (span) => trace.getActiveSpan() === span),
    true,
  );
  assert.equal(
    lib.startActiveSpan("name", { kind: api.SpanKind.CLIENT }, (span) => trace.getActiveSpan() === span),
    true,
  );
  assert.equal(
    lib.startActiveSpan("name", {}, around, (span) => {
      assert.equal(trace.getActiveSpan(), span);
      return context.active().getValue(key);
    }),
    "value",
  );
  assert.equal(trace.getActiveSpan(), undefined);
});

test("Tracer: an invalid parent is no parent, whatever it holds", (t) => {
  const { lib } = registered(t);
  const invalid = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: "0",
    spanId: "6e0c63257de34c92",
    traceFlags: 1,
    traceState: api.createTraceState("a=1"),
  });
  const { traceId, traceState } = lib.startSpan("span", {}, invalid).spanContext();
  assert.notEqual(traceId, "0");
  assert.equal(traceState, undefined);
});

// trace/spancontext-utils.test.ts, trace/tracestate.test.ts

test("SpanContext: ids are valid, and trace state travels from parent to child and over the wire", (t) => {
  const { lib } = registered(t);
  const remote = propagation.extract(ROOT_CONTEXT, {
    traceparent: "00-d4cda95b652f4a1592b449d5929fda1b-6e0c63257de34c92-01",
    tracestate: "foo=1,bar=2",
  });
  const child = lib.startSpan("child", {}, remote).spanContext();
  assert.ok(trace.isSpanContextValid(child));
  assert.equal(child.traceId, "d4cda95b652f4a1592b449d5929fda1b");
  assert.equal(child.traceState?.get("bar"), "2");
  assert.equal(child.isRemote, undefined);
  const headers: Record<string, string> = {};
  const changed = { ...child, traceState: child.traceState!.set("baz", "3").unset("foo") };
  propagation.inject(trace.setSpanContext(ROOT_CONTEXT, changed), headers);
  assert.equal(headers["tracestate"], "baz=3,bar=2");
});

// baggage/Baggage.test.ts: what a propagator must keep of it

test("Baggage: entries and their metadata go out and come back", (t) => {
  registered(t);
  const baggage = propagation.createBaggage({
    "key 1": { value: "a,b;c=d", metadata: api.baggageEntryMetadataFromString("p;q=1") },
    key2: { value: "" },
  });
  const headers: Record<string, string> = {};
  propagation.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers);
  assert.equal(headers["baggage"], "key%201=a%2Cb%3Bc%3Dd;p;q=1,key2=");
  const read = propagation.getBaggage(propagation.extract(ROOT_CONTEXT, headers))!;
  assert.equal(read.getEntry("key 1")!.value, "a,b;c=d");
  assert.equal(read.getEntry("key 1")!.metadata!.toString(), "p;q=1");
  assert.equal(read.getEntry("key2")!.value, "");
  assert.equal(read.removeEntry("key2").getAllEntries().length, 1);
});
