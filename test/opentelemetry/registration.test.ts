// registerOpenTelemetry: what it needs, when it refuses, and how it is taken back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initTracing, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { MockTracer } from "opentracing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { api, registerOpenTelemetry } from "./api.js";

const { context, propagation, ROOT_CONTEXT, trace } = api;

function newTracing(): Tracing {
  return new Tracing(new Tracer({ reporter: new MemoryReporter() }));
}

async function warningOf(act: () => void): Promise<string> {
  resetDiagnostics();
  const warning = new Promise<Error>((resolve) => process.once("warning", resolve));
  act();
  return (await warning).message;
}

test("a tracer that was got before the registration works from then on", () => {
  const reporter = new MemoryReporter();
  const early = trace.getTracer("early");
  early.startSpan("before").end();
  const undo = registerOpenTelemetry(new Tracing(new Tracer({ reporter })));
  early.startSpan("after").end();
  undo();
  assert.deepEqual(
    reporter.spans.map(({ operationName, scope }) => [operationName, scope?.name]),
    [["after", "early"]],
  );
});

test("taken back, tracers that libraries kept record nothing, and what was started goes on to its end", () => {
  const reporter = new MemoryReporter();
  const undo = registerOpenTelemetry(new Tracing(new Tracer({ reporter })));
  const kept = trace.getTracer("kept");
  const open = kept.startSpan("open");
  undo();
  undo();
  assert.equal(kept.startSpan("late").isRecording(), false);
  assert.equal(context.active(), ROOT_CONTEXT);
  assert.deepEqual(propagation.fields(), []);
  open.setAttribute("a", 1).end();
  assert.equal(reporter.spans.length, 1);

  const second = new MemoryReporter();
  const undoSecond = registerOpenTelemetry(new Tracing(new Tracer({ reporter: second })));
  kept.startSpan("again").end();
  undoSecond();
  assert.equal(second.spans.length, 1);
});

test("tracing.close() takes it back", async () => {
  const tracing = newTracing();
  registerOpenTelemetry(tracing);
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), true);
  await tracing.close();
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), false);
  registerOpenTelemetry(newTracing())();
});

test("registering the same tracing twice is one registration", () => {
  const tracing = newTracing();
  const undo = registerOpenTelemetry(tracing);
  assert.equal(registerOpenTelemetry(tracing), undo);
  undo();
});

test("a tracing that is closed is not registered, and a warning says so", async () => {
  const tracing = initTracing({ reporter: new MemoryReporter() });
  await tracing.close();
  assert.match(await warningOf(() => registerOpenTelemetry(tracing)()), /the tracing is closed, so nothing was/);
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), false);
});

test("after OpenTelemetry's own disable(), of all or one of them, the same tracing registers anew", () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  let undo = registerOpenTelemetry(tracing);
  for (const disable of [
    () => [trace, context, propagation].forEach((one) => void one.disable()),
    () => trace.disable(),
    () => context.disable(),
    () => propagation.disable(),
  ]) {
    disable();
    undo = registerOpenTelemetry(tracing);
    trace.getTracer("lib").startActiveSpan("a", (span) => {
      assert.equal(tracing.activeSpan(), span);
      span.end();
    });
    assert.deepEqual(propagation.fields(), ["traceparent", "tracestate", "baggage"]);
  }
  undo();
  assert.equal(trace.getTracer("lib").startSpan("late").isRecording(), false);
  assert.equal(reporter.spans.length, 4);
});

test("where a provider, context manager or propagator is registered already, nothing is, and a warning says what to do", async () => {
  const foreignTracer = { startSpan: () => trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT), startActiveSpan() {} };
  const provider = { getTracer: () => foreignTracer as never };
  assert.ok(trace.setGlobalTracerProvider(provider));
  const refused = await warningOf(() => registerOpenTelemetry(newTracing())());
  assert.match(refused, /another OpenTelemetry tracer provider is registered already, or .*leave out this call/);
  assert.equal(trace.getTracer("lib").startSpan("a").isRecording(), false);
  trace.disable();

  const manager = { active: () => ROOT_CONTEXT, disable: () => manager, enable: () => manager } as never;
  assert.ok(context.setGlobalContextManager(manager));
  assert.match(await warningOf(() => registerOpenTelemetry(newTracing())), /another OpenTelemetry context manager/);
  assert.ok(trace.setGlobalTracerProvider(provider), "no provider was left behind");
  trace.disable();
  context.disable();

  assert.ok(propagation.setGlobalPropagator({ fields: () => ["x"], inject() {}, extract: (given) => given }));
  assert.match(await warningOf(() => registerOpenTelemetry(newTracing())), /another OpenTelemetry propagator/);
  assert.ok(trace.setGlobalTracerProvider(provider), "no provider was left behind");
  assert.ok(context.setGlobalContextManager(manager), "no context manager was left behind");
  assert.deepEqual(propagation.fields(), ["x"]);
  trace.disable();
  context.disable();
  propagation.disable();
});

test("another copy of this package does not register beside us", async () => {
  const undo = registerOpenTelemetry(newTracing());
  const copy = `${import.meta.resolve("#src/opentelemetry/provider/register.js")}?copy`;
  const { registerOpenTelemetry: registerCopy } = (await import(copy)) as {
    registerOpenTelemetry: typeof registerOpenTelemetry;
  };
  const tracing = newTracing();
  assert.match(await warningOf(() => registerCopy(tracing)), /another OpenTelemetry tracer provider/);
  assert.equal(tracing.tracer.startSpan("a").constructor.name, "Span");
  undo();
});

test("what somebody has put in our place since is left to them", () => {
  const undo = registerOpenTelemetry(newTracing());
  propagation.disable();
  assert.ok(propagation.setGlobalPropagator({ fields: () => ["x"], inject() {}, extract: (given) => given }));
  undo();
  assert.deepEqual(propagation.fields(), ["x"]);
  propagation.disable();
});

test("wrong arguments throw a sentence that says what to write instead", () => {
  assert.throws(() => registerOpenTelemetry({} as Tracing), /must be a Tracing object: initTracing\(\)/);
  const foreign = new Tracing(new MockTracer());
  assert.throws(
    () => registerOpenTelemetry(foreign),
    /must be the built-in one: initTracing\(\) without another tracer/,
  );
});

test("where tracing is switched off by the environment, nothing is registered", async () => {
  process.env["OTEL_SDK_DISABLED"] = "true";
  const tracing = initTracing();
  delete process.env["OTEL_SDK_DISABLED"];
  registerOpenTelemetry(tracing)();
  assert.ok(trace.setGlobalTracerProvider({ getTracer: () => ({}) as never }));
  trace.disable();
  await tracing.close();
});

test("forceFlush of the provider sends what has finished", async (t) => {
  const reporter = new MemoryReporter();
  let flushes = 0;
  reporter.flush = async () => {
    flushes++;
  };
  t.after(registerOpenTelemetry(new Tracing(new Tracer({ reporter }))));
  const provider = trace.getTracerProvider() as { getDelegate?(): { forceFlush(): Promise<void> } };
  await provider.getDelegate!().forceFlush();
  assert.equal(flushes, 1);
});
