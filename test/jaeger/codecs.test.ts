// What goes through carriers and codecs comes out as with jaeger-client.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as jaeger from "node-opentracing/jaeger";
import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from "opentracing";
import { type Jaeger, LIBRARIES, theirs } from "./libraries.js";

type OurTracer = InstanceType<Jaeger["Tracer"]>;

/** What each library answers with a tracer that records all or nothing, which must be the same, as must be the spans. */
function both<T>(param: 0 | 1, run: (tracer: OurTracer, jaeger: Jaeger) => T): T {
  const [their, our] = LIBRARIES.map(({ jaeger, picture }) => {
    const config = { serviceName: "s", sampler: { type: "const", param } } as const;
    const reporter = new jaeger.InMemoryReporter();
    const tracer = jaeger.initTracer(config, { reporter }) as OurTracer;
    const result = run(tracer, jaeger);
    const spans = picture([reporter]);
    void tracer.close(() => {});
    return { result, spans };
  });
  assert.deepEqual(our, their);
  return our!.result;
}

/** Values that percent-encoding would change, or reading it. */
const VALUES = ["50%25", "a%20b", "100% 漢字", "100% é", "%E6%BC%A2", "a+b", "plain"];

test("baggage in a text map, and in codecs without urlEncoding, is written and read as it is", () => {
  const read = both(1, (tracer, { TextMapCodec, ZipkinB3TextMapCodec }) => {
    tracer.registerInjector("text", new TextMapCodec());
    tracer.registerExtractor("text", new TextMapCodec());
    tracer.registerInjector("b3", new ZipkinB3TextMapCodec());
    tracer.registerExtractor("b3", new ZipkinB3TextMapCodec());
    return [FORMAT_TEXT_MAP, "text", "b3", FORMAT_HTTP_HEADERS].map((format) =>
      VALUES.map((value) => {
        const carrier: Record<string, string> = {};
        tracer.inject(tracer.startSpan("s").setBaggageItem("a", value), format, carrier);
        return tracer.startSpan("s", { childOf: tracer.extract(format, carrier) }).getBaggageItem("a");
      }),
    );
  });
  assert.deepEqual(read, [VALUES, VALUES, VALUES, VALUES]);
});

test("what a text map holds goes to jaeger-client and comes back, beside other formats too, whatever the item's name", () => {
  const config = { serviceName: "s", sampler: { type: "const", param: 1 } };
  const their = theirs.jaeger.initTracer(config, { reporter: new theirs.jaeger.InMemoryReporter() }) as OurTracer;
  for (const propagators of [undefined, ["tracecontext", "baggage", "jaeger"] as const]) {
    const our = jaeger.initTracer(config, { reporter: new jaeger.NoopReporter(), propagators }) as OurTracer;
    for (const name of ["phone", "a b", "größe"]) {
      for (const value of ["+49 100%", ...VALUES]) {
        const sent = {};
        our.inject(our.startSpan("s").setBaggageItem(name, value), FORMAT_TEXT_MAP, sent);
        const span = their.startSpan("s", { childOf: their.extract(FORMAT_TEXT_MAP, sent) });
        assert.equal(span.getBaggageItem(name), value);
        const back = {};
        their.inject(span, FORMAT_TEXT_MAP, back);
        assert.equal(our.startSpan("s", { childOf: our.extract(FORMAT_TEXT_MAP, back) }).getBaggageItem(name), value);
      }
    }
    void our.close();
  }
  void their.close(() => {});
});

test("an item that came by W3C baggage is read in any spelling, and replaced under the name that it has", async () => {
  const options = { propagators: ["tracecontext", "baggage", "jaeger"] } as const;
  const tracer = new jaeger.Tracer("s", new jaeger.NoopReporter(), new jaeger.ConstSampler(true), options);
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, { baggage: "userId=7,Fancy_Name=x" });
  const span = tracer.startSpan("s", { childOf: parent });
  for (const name of ["userId", "userid", "USERID"]) assert.equal(span.getBaggageItem(name), "7");
  for (const name of ["Fancy_Name", "fancy-name"]) assert.equal(span.getBaggageItem(name), "x");
  span.setBaggageItem("userID", "8").setBaggageItem("New_Item", "9");
  assert.deepEqual([span.getBaggageItem("userId"), span.getBaggageItem("new_item")], ["8", "9"]);
  const sent: Record<string, string> = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
  assert.equal(sent["baggage"], "Fancy_Name=x,userId=8,new-item=9");
  await tracer.close();
});

test("a debug id and jaeger-baggage are decoded in headers, and read as they are in a text map", () => {
  const carrier = { "jaeger-debug-id": "ticket%2042", "jaeger-baggage": "a=50%25, b=漢" };
  const read = both(1, (tracer) =>
    [FORMAT_TEXT_MAP, FORMAT_HTTP_HEADERS].map((format) => {
      const context = tracer.extract(format, carrier);
      const span = tracer.startSpan("s", { childOf: context });
      return [context.debugId, span.getBaggageItem("a")];
    }),
  );
  assert.deepEqual(read, [
    ["ticket%2042", "50%25"],
    ["ticket 42", "50%"],
  ]);
});

test("ids of Zipkin's without a decision leave it to our sampler; their child is no root and has none of a root's tags", async () => {
  const reporter = new jaeger.InMemoryReporter();
  const tracer = new jaeger.Tracer("s", reporter, new jaeger.ConstSampler(true));
  tracer.registerExtractor("b3", new jaeger.ZipkinB3TextMapCodec());
  for (const sampled of [undefined, "1", "0"]) {
    const carrier = { "x-b3-traceid": "abc", "x-b3-spanid": "def", "x-b3-sampled": sampled };
    tracer.startSpan(String(sampled), { childOf: tracer.extract("b3", carrier) }).finish();
  }
  tracer.startSpan("root").finish();
  const tagged = reporter.spans.map(({ operationName, tags }) => [operationName, tags.includes("sampler.type")]);
  assert.deepEqual(tagged, [
    ["undefined", false],
    ["1", false],
    ["root", true],
  ]);
  await tracer.close();
});

test("contexts of extractors written for jaeger-client bring baggage as a plain object, and a debug id", () => {
  const carriers = ["ids", "bytes", "arguments", "properties", "nothing"];
  const read = both(0, (tracer, { SpanContext }) => {
    const bytes = Buffer.from("0000000000000abc", "hex");
    const none = null as unknown as string;
    const made: Record<string, () => InstanceType<Jaeger["SpanContext"]>> = {
      ids: () => SpanContext.withStringIds("abc", "def", null, 1, { user: "é, %" }, ""),
      bytes: () => SpanContext.withBinaryIds(bytes, bytes, null, 0, { user: "a" }, "ignored"),
      arguments: () => SpanContext.withStringIds(none, none, null, 0, { user: "50%25" }, "ticket 1"),
      properties: () => Object.assign(new SpanContext(), { baggage: { user: "a" }, debugId: "ticket 2" }),
      nothing: () => SpanContext.withStringIds(none, none),
    };
    tracer.registerExtractor("mine", { extract: (carrier) => made[carrier["made"] as string]!() });
    return carriers.flatMap((name) =>
      [tracer.extract("mine", { made: name }), made[name]!()].map((parent) => {
        const span = tracer.startSpan(name, { childOf: parent });
        const user = span.getBaggageItem("user");
        span.setBaggageItem("user", "new").finish();
        return [user, span.getBaggageItem("user"), span.context().flags];
      }),
    );
  });
  const twice = <T>(one: T): T[] => [one, one];
  assert.deepEqual(read, [
    ...twice(["é, %", "new", 1]),
    ...twice(["a", "new", 0]),
    ...twice(["50%25", "new", 3]),
    ...twice(["a", "new", 3]),
    ...twice([undefined, "new", 0]),
  ]);
});

test("a context whose ids and flags are set by hand is a parent as with jaeger-client, and answers as much", () => {
  const read = both(0, (tracer, { SpanContext }) => {
    const contextOf = (length: number, flags: number) => {
      const context = new SpanContext();
      context.traceId = Buffer.alloc(length, 0xab);
      context.spanId = Buffer.from("00000000000000cd", "hex");
      context.parentId = Buffer.from("000000ef00000000", "hex");
      context.flags = flags;
      return context;
    };
    const contexts = [contextOf(8, 0), contextOf(16, 1), contextOf(16, 3).withBaggageItem("user", "a")];
    tracer.registerExtractor("mine", { extract: (carrier) => contexts[Number(carrier["at"])]! });
    return contexts.map((_, at) => {
      const context = tracer.extract("mine", { at });
      const span = tracer.startSpan("s", { childOf: context });
      span.finish();
      const { traceIdStr, parentIdStr, flags } = span.context();
      const user = span.getBaggageItem("user");
      return [String(context), context.traceId, context.parentId, traceIdStr, parentIdStr, flags, user];
    });
  });
  assert.deepEqual(
    read.map(([text, , , , , flags, user]) => [text, flags, user]),
    [
      [`${"ab".repeat(8)}:cd:ef00000000:0`, 0, undefined],
      [`${"ab".repeat(16)}:cd:ef00000000:1`, 1, undefined],
      [`${"ab".repeat(16)}:cd:ef00000000:3`, 3, "a"],
    ],
  );
});

test("flags that are set later count for all that share them, and ids can be taken back", () => {
  const read = both(0, (tracer, { SpanContext }) => {
    const context = SpanContext.withStringIds("abc", "def", null, 0);
    const span = tracer.startSpan("s", { childOf: context });
    context.flags = 1;
    const flags = span.context().flags;
    context.spanId = null;
    const root = tracer.startSpan("root", { childOf: context }).context();
    const ticket = SpanContext.withStringIds(null as never, null as never, null, 0, {}, "ticket");
    const areTickets = [ticket, context, new SpanContext()].map((one) => one.isDebugIDContainerOnly());
    return [flags, context.isValid, root.traceIdStr === "abc", Boolean(root.parentIdStr), ...areTickets];
  });
  assert.deepEqual(read, [1, false, false, false, true, false, false]);
});

test("baggage of an extractor that is none, or in part, harms nobody", () => {
  const values: [unknown, string | undefined][] = [
    [{ user: null }, undefined],
    [{ user: 7 }, "7"],
    [["a"], undefined],
    [new Map([["user", "a"]]), undefined],
    ["user", undefined],
    [null, undefined],
  ];
  const tracer = new jaeger.Tracer("s", new jaeger.NoopReporter(), new jaeger.ConstSampler(true));
  for (const [baggage, expected] of values) {
    tracer.registerExtractor("mine", { extract: () => Object.assign(new jaeger.SpanContext(), { baggage }) });
    const span = tracer.startSpan("s", { childOf: tracer.extract("mine", {}) });
    assert.equal(span.getBaggageItem("user"), expected);
    assert.equal(span.setBaggageItem("user", "new").getBaggageItem("user"), "new");
  }
});
