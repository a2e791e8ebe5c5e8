// Several formats at once: which one's ids count, and what becomes of the baggage of all.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  initTracing,
  MemoryReporter,
  type Propagator,
  type PropagatorName,
  type SpanContext,
  Tracer,
} from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { LOW, SPAN, TRACE } from "./formats.js";

const ALL: readonly PropagatorName[] = [
  "tracecontext",
  "baggage",
  "b3",
  "b3multi",
  "jaeger",
  "datadog",
  "ottrace",
  "xray",
];
const W3C = { traceparent: `00-${TRACE}-${SPAN}-01` };
/** Of the same trace. */
const DATADOG = {
  "x-datadog-trace-id": String(BigInt(`0x${LOW}`)),
  "x-datadog-parent-id": "1",
  "x-datadog-tags": `_dd.p.tid=${TRACE.slice(0, 16)}`,
  "x-datadog-origin": "rum",
};

function extracted(propagators: readonly PropagatorName[], headers: object): SpanContext {
  return new Tracer({ reporter: new MemoryReporter(), propagators }).extract(FORMAT_HTTP_HEADERS, headers)!;
}

function items(context: SpanContext): unknown {
  return Object.fromEntries(context.baggage?.entries() ?? []);
}

test("all formats are written, and each of them alone is enough to go on with the trace", () => {
  const tracer = new Tracer({ reporter: new MemoryReporter(), propagators: ALL });
  const span = tracer.startSpan("s").setBaggageItem("user", "alice");
  const sent: Record<string, string> = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
  const { length } = LOW;
  for (const name of ALL.filter((one) => one !== "baggage")) {
    const context = extracted([name], sent);
    assert.equal(context.toSpanId(), span.context().toSpanId(), name);
    assert.equal(context.toTraceId().slice(-length), span.context().toTraceId().slice(-length), name);
    assert.equal(context.isSampled(), true, name);
  }
  assert.deepEqual(items(extracted(ALL, sent)), { user: "alice" }, "sent three times, read once");
});

test("the first format in the list that finds a trace counts, not the first header", () => {
  const headers = { b3: `${LOW}-${SPAN}-0`, ...W3C };
  assert.equal(extracted(["b3", "tracecontext"], headers).isSampled(), false);
  assert.equal(extracted(["tracecontext", "b3"], headers).isSampled(), true);
  assert.equal(extracted(["tracecontext", "b3"], { ...headers, traceparent: "malformed" }).isSampled(), false);
});

test("a tracestate that comes later counts for the same trace alone, and adds what the first has no key for", () => {
  const w3c = { ...W3C, tracestate: "rojo=1" };
  const state = (b3: string): string => extracted(["b3", "tracecontext"], { b3, ...w3c }).traceState;
  assert.equal(state(`${TRACE}-${SPAN}-1`), "rojo=1");
  assert.equal(state(`${LOW}-${SPAN}-1`), "");
  const both = (order: readonly PropagatorName[], tracestate: string): string =>
    extracted(order, { ...W3C, ...DATADOG, tracestate }).traceState;
  assert.equal(both(["tracecontext", "datadog"], "rojo=1"), "rojo=1,dd=o:rum");
  assert.equal(both(["datadog", "tracecontext", "baggage"], "rojo=1"), "dd=o:rum,rojo=1");
  assert.equal(both(["tracecontext", "datadog"], "dd=s:2 ,, rojo=1"), "dd=s:2 ,, rojo=1", "nothing to add");
  assert.equal(both(["datadog", "tracecontext"], "dd=s:2 ,, rojo=1,congo= 2"), "dd=o:rum,rojo=1,congo= 2");
});

test("a service in the middle passes other vendors' tracestate on beside Datadog's headers, and Datadog's beside theirs", () => {
  for (const propagators of [
    ["datadog", "tracecontext", "baggage"],
    ["tracecontext", "baggage", "datadog"],
  ] as const) {
    const tracer = new Tracer({ reporter: new MemoryReporter(), propagators });
    const headers = { ...W3C, ...DATADOG, tracestate: "rojo=1,congo=2", "x-datadog-sampling-priority": "2" };
    const span = tracer.startSpan("s", { childOf: tracer.extract(FORMAT_HTTP_HEADERS, headers)! });
    const sent: Record<string, string> = {};
    tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
    assert.deepEqual(sent["tracestate"]?.split(",").sort(), ["congo=2", "dd=s:2;o:rum", "rojo=1"]);
    assert.deepEqual([sent["x-datadog-sampling-priority"], sent["x-datadog-origin"]], ["2", "rum"]);
  }
});

test("32 members of two formats are passed on; a 33rd is dropped and counted", () => {
  const members = (length: number): string => Array.from({ length }, (_, i) => `k${i}=v`).join(",");
  const both = (tracestate: string): string =>
    extracted(["tracecontext", "datadog"], { ...W3C, ...DATADOG, tracestate }).traceState;
  resetDiagnostics();
  assert.equal(both(members(31)), `${members(31)},dd=o:rum`);
  assert.deepEqual(diagnostics(), {});
  assert.equal(both(members(32)), members(32));
  assert.deepEqual(diagnostics(), { "propagation.limit": 1 });
});

test("a format of somebody's own that leaves no tracestate at all takes none away", () => {
  const careless: Propagator = {
    fields: [],
    inject() {},
    extract: (_carrier, context) => Object.assign(context, { traceState: undefined }),
  };
  const propagators = ["tracecontext", careless] as const;
  const tracer = new Tracer({ reporter: new MemoryReporter(), propagators });
  const context = tracer.extract(FORMAT_HTTP_HEADERS, { ...W3C, tracestate: "rojo=1" });
  assert.equal(context?.traceState, "rojo=1");
});

test("baggage of all formats is merged; of one name the first format's item counts, whatever the name's case", () => {
  const headers = { baggage: "userId=7;p=1,a=1", "uberctx-userid": "8", "uberctx-b": "2", "ot-baggage-c": "3" };
  const { baggage } = extracted(["tracecontext", "baggage", "jaeger", "datadog", "ottrace"], headers);
  assert.equal(baggage!.header, "userId=7;p=1,a=1,b=2,c=3");
  assert.deepEqual(items(extracted(["jaeger", "baggage"], headers)), { userid: "8", b: "2", a: "1" });
  assert.deepEqual(items(extracted(["b3", "jaeger"], { b3: `${TRACE}-${SPAN}-1`, ...headers })), {
    userid: "8",
    b: "2",
  });
});

test("what does not fit beside the first format's baggage is dropped and counted", () => {
  const list = Array.from({ length: 63 }, (_, i) => `k${i}=v`).join(",");
  const headers = { baggage: list, "uberctx-x": "1", "uberctx-y": "2" };
  resetDiagnostics();
  const context = extracted(["baggage", "jaeger"], headers);
  assert.deepEqual(diagnostics(), { "propagation.limit": 1 });
  assert.equal(context.baggage!.header, `${list},x=1`);
});

test("initTracing takes the names, and they win over OTEL_PROPAGATORS", async (t) => {
  process.env["OTEL_PROPAGATORS"] = "b3";
  t.after(() => delete process.env["OTEL_PROPAGATORS"]);
  const sent = async (propagators?: readonly PropagatorName[]): Promise<string[]> => {
    const tracing = initTracing({ reporter: new MemoryReporter(), propagators });
    const headers = {};
    tracing.tracer.inject(tracing.tracer.startSpan("s"), FORMAT_HTTP_HEADERS, headers);
    await tracing.close();
    return Object.keys(headers);
  };
  assert.deepEqual(await sent(), ["b3"]);
  assert.deepEqual(await sent(["jaeger", "xray"]), ["uber-trace-id", "x-amzn-trace-id"]);
  assert.deepEqual(await sent(["none"]), []);
  process.env["OTEL_PROPAGATORS"] = "b3multi,ottrace";
  assert.deepEqual((await sent()).sort(), [
    "ot-tracer-sampled",
    "ot-tracer-spanid",
    "ot-tracer-traceid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
  ]);
  resetDiagnostics();
  process.env["OTEL_PROPAGATORS"] = "b4,b3,none";
  assert.deepEqual(await sent(), ["b3"]);
  process.env["OTEL_PROPAGATORS"] = "b4";
  assert.deepEqual(await sent(), ["traceparent"]);
  process.env["OTEL_PROPAGATORS"] = "none";
  assert.deepEqual(await sent(), []);
  assert.equal(diagnostics()["environment.invalid"], 3);
  assert.throws(() => initTracing({ propagators: ["b4"] as unknown as PropagatorName[] }), {
    name: "TypeError",
    message: /propagators must be an array of propagators \(.*\) or of their names, which are tracecontext, /,
  });
});

test("baggage in all formats together is no more than one header may hold, in 64 headers: a server refuses more than 16 KiB", () => {
  resetDiagnostics();
  const propagators: readonly PropagatorName[] = ["tracecontext", "baggage", "b3", "jaeger", "datadog"];
  const tracer = new Tracer({ reporter: new MemoryReporter(), propagators });
  const sent = (length: number): Record<string, string> => {
    const headers = { baggage: Array.from({ length: 64 }, (_, i) => `k${i}=${"v".repeat(length)}`).join(",") };
    const result: Record<string, string> = {};
    tracer.inject(tracer.extract(FORMAT_HTTP_HEADERS, headers)!, FORMAT_HTTP_HEADERS, result);
    return result;
  };
  const long = Object.entries(sent(120)).filter(([name]) => name.includes("-k") || name === "baggage");
  const bytes = long.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  assert.ok(bytes > 7_800 && bytes < 8_192 + 64, `${bytes} bytes of baggage`);
  assert.ok(diagnostics()["propagation.limit"]! >= 2 * 64 - 4);

  const short = Object.keys(sent(1)).filter((name) => name.includes("-k") || name === "baggage");
  assert.equal(short.length, 64);
  assert.equal(extracted(["baggage"], sent(1)).baggage?.size, 64, "the header that comes first has all");
});
