// What an OpenTelemetryTracer must do, over any SDK.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeEach, describe, it, test } from "node:test";
import { diagnostics } from "node-opentracing";
import {
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  followsFrom,
  MockTracer,
  Reference,
  type Span,
  type SpanContext,
  type Tracer,
} from "opentracing";
import { resetDiagnostics } from "#src/diagnostics.js";
import type { ReadableSpan, Sdk } from "./sdk.js";
import { SHIM_CASES, type Stage } from "./shim-cases.js";
import { TENANT, TENANT_PROPAGATOR } from "./tenant-propagator.js";

const peers = createRequire(join(process.cwd(), "test", "peers", "index.js"));
const { B3Propagator } = peers("@opentelemetry/propagator-b3");
const { JaegerPropagator } = peers("@opentelemetry/propagator-jaeger");

/** The shim's tracer, and how to get at its spans: SDK 2 has it still. */
interface ShimModule {
  readonly TracerShim: new (tracer: unknown, propagators?: object) => Tracer;
}

/** Registers the cases. */
export function tracerCases(sdk: Sdk): void {
  const { api, ours } = sdk;
  const { OpenTelemetryTracer } = ours;
  const ignore = (): void => {};
  const b3 = new B3Propagator();
  const jaeger = new JaegerPropagator();
  const propagators = { textMapPropagator: b3, httpHeadersPropagator: jaeger };

  const stage: Stage = {
    tracer: new OpenTelemetryTracer(sdk.provider(ignore)),
    withPropagators: new OpenTelemetryTracer(sdk.provider(ignore), propagators),
    b3,
    jaeger,
    api,
    raw: (span) => (span as InstanceType<typeof ours.OpenTelemetrySpan>).otelSpan as never,
  };

  for (const { name, play, result, shim } of SHIM_CASES) {
    test(`as the shim: ${name}`, () => assert.deepEqual(play(stage), result));

    if (sdk.major !== 2) continue;
    test(`the shim itself: ${name}${shim === undefined ? "" : `: not so, ${shim.why}`}`, () => {
      const { TracerShim } = sdk.require("@opentelemetry/shim-opentracing") as ShimModule;
      const make = (options?: object): Tracer => new TracerShim(sdk.provider(ignore).getTracer("default"), options);
      const theirs: Stage = {
        ...stage,
        tracer: make(),
        withPropagators: make(propagators),
        raw: (span) => (span as unknown as { getSpan(): never }).getSpan(),
      };
      assert.deepEqual(play(theirs), shim === undefined ? result : shim.result);
    });
  }

  describe("OpenTracing's own suite", () => {
    Object.assign(globalThis, { describe, it, beforeEach });
    const { default: apiCompatibilityChecks } = createRequire(import.meta.url)(
      "opentracing/lib/test/api_compatibility",
    );
    apiCompatibilityChecks(() => new OpenTelemetryTracer(sdk.provider(ignore)));
    apiCompatibilityChecks(() => new OpenTelemetryTracer(sdk.provider(ignore, sdk.never)));
    apiCompatibilityChecks(() => new OpenTelemetryTracer(sdk.provider(ignore), { stableNames: true }));
  });

  /** Runs `act` and answers what finished, in the order of the ends. */
  function finished(act: (tracer: Tracer) => void, options?: object): ReadableSpan[] {
    const spans: ReadableSpan[] = [];
    act(
      new OpenTelemetryTracer(
        sdk.provider((span) => spans.push(span)),
        options,
      ),
    );
    return spans;
  }

  test("the tracer has the name and version that the specification wants", () => {
    const [span] = finished((tracer) => tracer.startSpan("one").finish());
    assert.deepEqual(
      { ...span!.instrumentationScope, schemaUrl: undefined },
      {
        name: "opentracing-shim",
        version: "0.1.0",
        schemaUrl: undefined,
      },
    );
  });

  test("span.kind is the kind, and stays a tag", () => {
    const kinds = ["server", "client", "producer", "consumer", "other", undefined];
    const spans = finished((tracer) => {
      for (const kind of kinds) tracer.startSpan("one", { tags: { "span.kind": kind } }).finish();
    });
    assert.deepEqual(
      spans.map(({ kind, attributes }) => [kind, attributes["span.kind"]]),
      [1, 2, 3, 4, 0, 0].map((kind, i) => [kind, kinds[i]]),
    );
  });

  test("a sampler sees the tags that a span is started with, and error among them is the status", () => {
    const seen: unknown[] = [];
    const sampler = {
      shouldSample(...[, , , , attributes]: readonly unknown[]) {
        seen.push({ ...(attributes as object) });
        return { decision: 2 };
      },
    };
    const spans: ReadableSpan[] = [];
    const tracer = new OpenTelemetryTracer(sdk.provider((span) => spans.push(span), sampler));
    tracer.startSpan("one", { tags: { error: true, a: 1 } }).finish();
    assert.deepEqual(seen, [{ a: 1 }]);
    assert.equal(spans[0]!.status.code, 2);
  });

  test("values that OpenTelemetry does not know become text", () => {
    const [span] = finished((tracer) => {
      const tags = {
        object: { a: 1 },
        big: 2n ** 70n,
        list: ["a", "b"],
        mixed: ["a", 1, null, false, 0],
        "with gaps": [null, "a", undefined, "b"],
        date: new Date(0),
        gone: null,
      };
      tracer
        .startSpan("one", { tags })
        .addTags({ later: { b: 2 } })
        .finish();
    });
    assert.deepEqual(
      { ...span!.attributes },
      {
        object: '{"a":1}',
        big: String(2n ** 70n),
        list: ["a", "b"],
        mixed: ["a", "1", null, "false", "0"],
        "with gaps": [null, "a", null, "b"],
        date: "1970-01-01T00:00:00.000Z",
        later: '{"b":2}',
      },
    );
  });

  test("baggage of all references is there at the start", () => {
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const one = tracer.startSpan("one").setBaggageItem("a", "1");
    const two = tracer.startSpan("two").setBaggageItem("b", "2");
    const span = tracer.startSpan("both", { childOf: one, references: [followsFrom(two)] });
    assert.deepEqual([span.getBaggageItem("a"), span.getBaggageItem("b")], ["1", "2"]);
  });

  test("without references the running code's baggage is", () => {
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const baggage = api.propagation.createBaggage({ user: { value: "ada" } });
    api.context.with(api.propagation.setBaggage(api.ROOT_CONTEXT, baggage), () => {
      assert.equal(tracer.startSpan("one").getBaggageItem("user"), "ada");
    });
  });

  test("a processor sees parent and baggage in the context that a span starts in", () => {
    const seen: unknown[] = [];
    const provider = sdk.provider(ignore);
    const tracer = new OpenTelemetryTracer({
      getTracer: (...args) => {
        const otel = provider.getTracer(...args);
        return {
          startSpan(name, options, context) {
            seen.push([
              api.trace.getSpan(context!) !== undefined,
              api.propagation.getBaggage(context!)?.getAllEntries(),
            ]);
            return otel.startSpan(name, options, context);
          },
        } as typeof otel;
      },
    });
    const parent = tracer.startSpan("parent").setBaggageItem("a", "1");
    tracer.startSpan("child", { childOf: parent });
    assert.deepEqual(seen, [
      [false, undefined],
      [true, [["a", { value: "1" }]]],
    ]);
  });

  test("baggage alone travels: out without ids, in as a context that starts a trace", () => {
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const context = tracer.extract(FORMAT_HTTP_HEADERS, { Baggage: "user=ada" })!;
    const span = tracer.startSpan("one", { childOf: context });
    assert.equal(span.getBaggageItem("user"), "ada");
    assert.match(span.context().toTraceId(), /^(?!0{32})[0-9a-f]{32}$/);
    const carrier = {};
    tracer.inject(context, FORMAT_TEXT_MAP, carrier);
    assert.deepEqual(carrier, { baggage: "user=ada" });
  });

  test("carriers are Headers, maps, and objects with names in any case", () => {
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const carriers = [
      { Traceparent: traceparent },
      new Headers({ traceparent }),
      new Map([["traceparent", traceparent]]),
    ];
    for (const carrier of carriers) {
      assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, carrier)?.toSpanId(), "b7ad6b7169203331");
    }
    const headers = new Headers();
    tracer.inject(tracer.startSpan("one"), FORMAT_HTTP_HEADERS, headers);
    assert.match(headers.get("traceparent")!, /^00-/);
  });

  test("what else a propagator reads travels with a span and those below: it wins over what is active, once", () => {
    const { W3CTraceContextPropagator, CompositePropagator } = sdk.require("@opentelemetry/core");
    const propagators = [new W3CTraceContextPropagator(), TENANT_PROPAGATOR];
    const httpHeadersPropagator = new CompositePropagator({ propagators });
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore), { httpHeadersPropagator });
    const scope = new ours.OpenTelemetryScopeManager(tracer);
    const { context } = api;
    const injected = (from: Span | SpanContext): unknown => {
      const carrier: Record<string, string> = {};
      tracer.inject(from, FORMAT_HTTP_HEADERS, carrier);
      return carrier["x-tenant"];
    };
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const one = tracer.extract(FORMAT_HTTP_HEADERS, { "x-tenant": "one" })!;
    const none = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent })!;
    const both = tracer.startSpan("both", { childOf: one });
    const child = tracer.startSpan("child", { childOf: both }).setBaggageItem("a", "1");
    assert.deepEqual([one, both, child, none].map(injected), ["one", "one", "one", undefined]);

    context.with(context.active().setValue(TENANT, "active"), () => {
      assert.deepEqual(
        [injected(child), injected(none), injected(tracer.startSpan("root"))],
        ["one", undefined, "active"],
      );
      scope.run(child, () => {
        assert.equal(context.active().getValue(TENANT), "one");
        context.with(context.active().setValue(TENANT, "changed"), () => {
          assert.equal(injected(child), "changed");
          scope.run(both, () => assert.equal(context.active().getValue(TENANT), "changed"));
        });
      });
    });
    assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, {}), null);
  });

  test("extract answers null where there is nothing, and nothing valid", () => {
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const carriers = [{}, { traceparent: "00-zz" }, { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-01` }];
    for (const carrier of carriers) assert.equal(tracer.extract(FORMAT_HTTP_HEADERS, carrier), null);
  });

  test("the binary format is refused with a word, and nothing throws", () => {
    resetDiagnostics();
    const tracer = new OpenTelemetryTracer(sdk.provider(ignore));
    const carrier = {};
    tracer.inject(tracer.startSpan("one"), FORMAT_BINARY, carrier);
    assert.equal(tracer.extract(FORMAT_BINARY, carrier), null);
    assert.deepEqual(carrier, {});
    assert.equal(diagnostics()["propagation.carrier"], 2);
  });

  test("parents of another tracer are counted and left out", () => {
    resetDiagnostics();
    const foreign = new MockTracer().startSpan("foreign");
    const spans = finished((tracer) => {
      tracer.startSpan("one", { childOf: foreign }).finish();
      tracer.startSpan("two", { references: [new Reference("child_of", foreign)] }).finish();
    });
    assert.deepEqual(
      spans.map(({ parentSpanContext }) => parentSpanContext),
      [undefined, undefined],
    );
    assert.equal(diagnostics()["span.foreign_parent"], 2);
  });

  test("a span with wrong arguments is made all the same, and no time that is none reaches the provider", () => {
    resetDiagnostics();
    for (const stableNames of [false, true]) {
      const spans = finished(
        (tracer) => {
          tracer.startSpan("one", null as never).finish();
          tracer.startSpan("two", { tags: null as never, references: null as never }).finish();
          const span = tracer.startSpan("no list", { references: followsFrom(tracer.startSpan("a")) as never });
          span.finish();
          tracer.startSpan("no references", { references: [span, undefined] as never }).finish();
          for (const none of [Number.NaN, Number.POSITIVE_INFINITY, "now", null] as never[]) {
            tracer.startSpan("times", { startTime: none }).log({ event: "timed" }, none).finish(none);
          }
          tracer
            .startSpan("log")
            .log(null as never)
            .log(undefined as never)
            .finish();
          const textless = Object.create(null);
          tracer.startSpan(textless).setOperationName(textless).setBaggageItem(textless, textless).finish();
        },
        { stableNames },
      );
      assert.deepEqual(
        spans.map(({ name, links, events }) => [name, links.length, events.map((event) => event.name).join()]),
        [
          ["one", 0, ""],
          ["two", 0, ""],
          ["no list", 1, ""],
          ["no references", 0, ""],
          ...Array(4).fill(["times", 0, "timed"]),
          ["log", 0, "log,log"],
          ["(a value that cannot be shown)", 0, ""],
        ],
      );
      for (const { startTime, endTime, events } of spans) {
        for (const time of [startTime, endTime, ...events.map((event) => event.time)]) {
          assert.ok(time.every(Number.isFinite), String(time));
          assert.ok(Math.abs(time[0] * 1000 - Date.now()) < 60_000, String(time));
        }
      }
    }
    assert.deepEqual(diagnostics(), { "span.foreign_parent": 4, "report.encode_error": 8 });
  });

  test("what comes after finish is ignored and counted", () => {
    resetDiagnostics();
    const spans = finished((tracer) => {
      const span = tracer.startSpan("one");
      span.finish();
      span.setTag("late", 1).log({ event: "late" }).setOperationName("late");
      span.finish();
    });
    assert.deepEqual(
      spans.map(({ name }) => name),
      ["one"],
    );
    assert.deepEqual(diagnostics(), { "span.used_after_finish": 3, "span.finished_twice": 1 });
  });

  test("implicitParent takes the parent from OpenTelemetry's context", () => {
    const spans = finished(
      (tracer) => {
        const parent = tracer.startSpan("parent") as InstanceType<typeof ours.OpenTelemetrySpan>;
        api.context.with(api.trace.setSpan(api.ROOT_CONTEXT, parent.otelSpan), () =>
          tracer.startSpan("child").finish(),
        );
        parent.finish();
      },
      { implicitParent: true },
    );
    assert.equal(spans[0]!.parentSpanContext?.spanId, spans[1]!.spanContext().spanId);
  });

  test("without a provider the global one makes the spans, whenever it is set", () => {
    const spans: ReadableSpan[] = [];
    resetDiagnostics();
    const tracer = new OpenTelemetryTracer();
    for (const name of ["before", "before too"]) tracer.startSpan(name).finish();
    assert.deepEqual(diagnostics(), { "settings.ignored": 1 });
    api.trace.setGlobalTracerProvider(sdk.provider((span) => spans.push(span)));
    tracer.startSpan("after").finish();
    api.trace.disable();
    assert.deepEqual(
      spans.map(({ name }) => name),
      ["after"],
    );
  });

  test("a wrong provider or option is refused in a sentence", () => {
    const provider = sdk.provider(ignore);
    assert.throws(
      () => new OpenTelemetryTracer(provider.getTracer("default") as never),
      /the provider must be an OpenTelemetry tracer provider .* not a tracer of it/,
    );
    assert.throws(
      () => new OpenTelemetryTracer(provider, { stableName: true } as never),
      /did you mean "stableNames"\?/,
    );
  });

  test("the types know that a span is made by its tracer alone", () => {
    // @ts-expect-error
    assert.throws(() => new ours.OpenTelemetrySpan(), TypeError);
  });

  test("a flush without a limit waits for the provider", async () => {
    for (const timeLimit of [2 ** 31, Number.POSITIVE_INFINITY]) {
      let isFlushed = false;
      const forceFlush = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        isFlushed = true;
      };
      await new OpenTelemetryTracer(Object.assign(sdk.provider(ignore), { forceFlush })).flush(timeLimit);
      assert.equal(isFlushed, true);
    }
  });

  test("flush has the provider send", async () => {
    let flushes = 0;
    const provider = Object.assign(sdk.provider(ignore), { forceFlush: async () => void flushes++ });
    await new OpenTelemetryTracer(provider).flush(1000);
    api.trace.setGlobalTracerProvider(provider);
    await new OpenTelemetryTracer().flush();
    api.trace.disable();
    const failing = { ...provider, forceFlush: () => Promise.reject(new Error("down")), getTracer: provider.getTracer };
    await new OpenTelemetryTracer(failing).flush();
    assert.equal(flushes, 2);
  });
}
