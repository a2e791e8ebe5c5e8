// Our spans and OpenTelemetry's in one another: one active span, one trace, one decision, one baggage.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { diagnostics, MemoryReporter, NEVER, type Span, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { api, registerOpenTelemetry } from "./api.js";
import { registered } from "./scene.js";

const { context, propagation, ROOT_CONTEXT, SpanKind, trace } = api;

test("spans of both APIs nest in one another, whichever made the active one", async (t) => {
  const { tracing, lib, tree } = registered(t);
  await tracing.startActiveSpan("ours", async () => {
    await lib.startActiveSpan("theirs", { kind: SpanKind.CLIENT }, async (theirs) => {
      await null;
      tracing.startActiveSpan("ours within", () => lib.startSpan("theirs within").end());
      theirs.end();
    });
    tracing.tracer.startSpan("ours after", { childOf: tracing.activeSpan()! }).finish();
  });
  assert.equal(
    tree(),
    `
ours
  theirs  client
    ours within
      theirs within
  ours after`,
  );
});

test("trace.getActiveSpan() and tracing.activeSpan() answer one object, and context.active() is the same each time", (t) => {
  const { tracing, lib } = registered(t);
  assert.equal(trace.getActiveSpan(), undefined);
  tracing.startActiveSpan("ours", (ours) => {
    assert.equal(trace.getActiveSpan(), ours);
    assert.equal(context.active(), context.active());
    lib.startActiveSpan("theirs", (theirs) => {
      assert.equal(tracing.activeSpan(), theirs);
      assert.equal(trace.getActiveSpan(), theirs);
      tracing.scopeManager.run(ours, () => assert.equal(trace.getActiveSpan(), ours));
      tracing.scopeManager.run(undefined, () => {
        assert.equal(trace.getActiveSpan(), undefined);
        assert.equal(tracing.activeSpan(), undefined);
      });
      context.with(ROOT_CONTEXT, () => assert.equal(tracing.activeSpan(), undefined));
      theirs.end();
    });
  });
});

test("a library's own context values are there within our spans too", (t) => {
  const { tracing } = registered(t);
  const key = api.createContextKey("tenant");
  context.with(ROOT_CONTEXT.setValue(key, "a"), () => {
    tracing.startActiveSpan("ours", (ours) => {
      assert.equal(context.active().getValue(key), "a");
      assert.equal(trace.getActiveSpan(), ours);
    });
  });
});

test("a span that OpenTelemetry makes active carries on over timers, promises and bound callbacks", async (t) => {
  const { tracing, lib } = registered(t);
  const span = lib.startSpan("theirs");
  const emitter = context.bind(trace.setSpan(ROOT_CONTEXT, span), new EventEmitter());
  const seen: (Span | undefined)[] = [];
  const note = (): unknown => seen.push(tracing.activeSpan() as Span | undefined);
  emitter.on("event", note);
  const bound = context.bind(trace.setSpan(ROOT_CONTEXT, span), note);
  await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
    await new Promise(setImmediate);
    note();
  });
  bound();
  emitter.emit("event");
  emitter.removeListener("event", note);
  emitter.emit("event");
  assert.deepEqual(seen, [span, span, span]);
  assert.equal(tracing.activeSpan(), undefined);
});

test("a span from before the registration takes OpenTelemetry's calls once it is active, and is the parent", (t) => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  const early = tracing.tracer.startSpan("early");
  t.after(registerOpenTelemetry(tracing));
  tracing.scopeManager.run(early, () => {
    const active = trace.getActiveSpan()!;
    assert.equal(active, trace.getActiveSpan());
    assert.equal(active.spanContext().spanId, early.context().toSpanId());
    active.setAttribute("a", 1).addEvent("event").updateName("renamed");
    trace.getTracer("lib").startSpan("theirs").end();
  });
  early.finish();
  assert.equal(
    spanTree(reporter.spans, { tags: ["a"], logs: true }),
    `
renamed  a=1
  - event
  theirs`,
  );
});

test("what is done after the end to a span with other baggage, or from before the registration, is counted", (t) => {
  const early = new Tracer({ reporter: new MemoryReporter() }).startSpan("early");
  const { tracing, lib } = registered(t);
  const theirs = lib.startSpan("theirs");
  const baggage = propagation.createBaggage({ a: { value: "1" } });
  const views = [
    context.with(propagation.setBaggage(trace.setSpan(ROOT_CONTEXT, theirs), baggage), () => tracing.activeSpan()!),
    tracing.scopeManager.run(early, () => trace.getActiveSpan()!),
  ] as import("@opentelemetry/api").Span[];
  theirs.end();
  early.finish();
  resetDiagnostics();
  for (const view of views) {
    view.setAttribute("a", 1).addEvent("b").setStatus({ code: api.SpanStatusCode.OK }).updateName("c");
    view.end();
  }
  assert.deepEqual(diagnostics(), { "span.used_after_finish": 8, "span.finished_twice": 2 });
});

test("the decision is made once a trace: what our sampler leaves out, OpenTelemetry's spans leave out", (t) => {
  const { tracing, lib, reporter } = registered(t, { sampler: NEVER });
  tracing.startActiveSpan("ours", (ours) => {
    lib.startActiveSpan("theirs", (theirs) => {
      assert.equal(theirs.isRecording(), false);
      assert.equal(theirs.spanContext().traceId, ours.context().toTraceId());
      assert.equal(theirs.spanContext().traceFlags & api.TraceFlags.SAMPLED, 0);
      theirs.end();
    });
  });
  assert.deepEqual(reporter.spans, []);
});

test("our sampler is asked once for a trace of both", (t) => {
  const roots: string[] = [];
  const sampler = {
    isSampled(_: unknown, name: string, parent: { traceFlags: number } | undefined) {
      if (parent === undefined) roots.push(name);
      return true;
    },
  };
  const { tracing, lib } = registered(t, { sampler });
  lib.startActiveSpan("theirs", (theirs) => {
    tracing.startActiveSpan("ours", () => lib.startSpan("leaf").end());
    theirs.end();
  });
  assert.deepEqual(roots, ["theirs"]);
});

test("baggage set by OpenTelemetry goes out with our spans, within its context and nowhere else", (t) => {
  const { tracing, lib } = registered(t);
  lib.startActiveSpan("theirs", (theirs) => {
    const baggage = propagation.createBaggage({ user: { value: "7 ü" } });
    context.with(propagation.setBaggage(context.active(), baggage), () => {
      assert.equal(trace.getActiveSpan(), theirs);
      assert.equal(tracing.activeSpan()!.getBaggageItem("user"), "7 ü");
      tracing.activeSpan()!.setTag("noted", true);
      const child = tracing.tracer.startSpan("child", { childOf: tracing.activeSpan()! });
      const headers: Record<string, string> = {};
      tracing.tracer.inject(child, "http_headers", headers);
      assert.equal(headers["baggage"], "user=7%20%C3%BC");
      const without = propagation.deleteBaggage(context.active());
      context.with(without, () => assert.equal(tracing.activeSpan()!.getBaggageItem("user"), undefined));
    });
    assert.equal(tracing.activeSpan()!.getBaggageItem("user"), undefined);
    theirs.end();
  });
});

test("baggage set on our span is OpenTelemetry's within it, entry by entry and with what came with it", (t) => {
  const { tracing, reporter } = registered(t);
  const incoming = tracing.tracer.extract("http_headers", { baggage: "a=1;ttl=30,b=2" })!;
  tracing.startActiveSpan("ours", { childOf: incoming }, (ours) => {
    ours.setBaggageItem("c", "3");
    const baggage = propagation.getActiveBaggage()!;
    assert.deepEqual(
      baggage.getAllEntries().map(([name, { value, metadata }]) => [name, value, metadata?.toString()]),
      [
        ["a", "1", "ttl=30"],
        ["b", "2", undefined],
        ["c", "3", undefined],
      ],
    );
    assert.equal(propagation.getActiveBaggage(), baggage);
  });
  assert.equal(reporter.spans[0]!.context.baggage!.header, "a=1;ttl=30,b=2,c=3");
});

test("baggage without a span goes to the spans that are started in it", (t) => {
  const { tracing } = registered(t);
  const baggage = propagation.createBaggage({ user: { value: "7" } });
  context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () => {
    assert.equal(trace.getActiveSpan(), undefined);
    assert.equal(propagation.getActiveBaggage(), baggage);
    tracing.startActiveSpan("ours", (ours) => assert.equal(ours.getBaggageItem("user"), "7"));
  });
});

test("headers read and written by OpenTelemetry are in our formats, and say what ours say", (t) => {
  const { lib, reporter } = registered(t, { propagators: ["b3", "baggage"] });
  assert.deepEqual(propagation.fields(), ["b3", "baggage"]);
  const incoming = propagation.extract(ROOT_CONTEXT, {
    B3: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    baggage: "a=1",
  });
  assert.deepEqual(trace.getSpanContext(incoming), {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    isRemote: true,
  });
  lib.startSpan("theirs", {}, incoming).end();
  const [span] = reporter.spans;
  assert.equal(span!.parentIsRemote, true);
  const headers: Record<string, string> = {};
  propagation.inject(incoming, headers);
  assert.deepEqual(headers, { b3: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", baggage: "a=1" });
});

test("a decision that came without ids holds for the trace that begins", (t) => {
  const { lib, reporter } = registered(t, { propagators: ["b3"] });
  const incoming = propagation.extract(ROOT_CONTEXT, { b3: "0" });
  assert.equal(trace.getSpan(incoming), undefined);
  assert.equal(lib.startSpan("dropped", {}, incoming).isRecording(), false);
  context.with(incoming, () => assert.equal(lib.startSpan("dropped").isRecording(), false));
  assert.deepEqual(reporter.spans, []);
});

test("carriers, getters and setters that throw harm nobody", (t) => {
  registered(t);
  const throws = (): never => {
    throw new Error("no");
  };
  assert.equal(propagation.extract(ROOT_CONTEXT, {}, { get: throws, keys: throws }), ROOT_CONTEXT);
  const span = trace.getTracer("lib").startSpan("a");
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), {}, { set: throws });
});

test("a span of another provider in a context is the parent of ours", (t) => {
  const { tracing, tree, reporter } = registered(t);
  const remote = { traceId: "0AF7651916CD43DD8448EB211C80319C", spanId: "b7ad6b7169203331", traceFlags: 1 };
  context.with(trace.setSpanContext(ROOT_CONTEXT, remote), () => {
    assert.deepEqual(trace.getActiveSpan()!.spanContext(), remote);
    tracing.startActiveSpan("ours", () => {});
  });
  assert.equal(tree(), "\nours (parent missing)");
  assert.equal(reporter.spans[0]!.parentIsRemote, false);
});

test("where tracing is suppressed neither API records, and nothing is sent along; requests that come in are not meant", (t) => {
  const { tracing, lib, reporter } = registered(t);
  const key = api.createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
  tracing.startActiveSpan("around", () => {
    context.with(context.active().setValue(key, true), () => {
      const theirs = lib.startSpan("theirs");
      assert.equal(theirs.isRecording(), false);
      assert.equal(trace.isSpanContextValid(theirs.spanContext()), false);
      tracing.startActiveSpan("ours", (ours) => {
        const headers = {};
        tracing.tracer.inject(ours, "http_headers", headers);
        propagation.inject(context.active(), headers);
        assert.deepEqual(headers, {});
      });
      lib.startSpan("elsewhere", {}, ROOT_CONTEXT).end();
      tracing.tracer.startSpan("incoming", { tags: { "span.kind": "server" } }).finish();
    });
  });
  assert.deepEqual(
    reporter.spans.map(({ operationName }) => operationName),
    ["elsewhere", "incoming", "around"],
  );
});
