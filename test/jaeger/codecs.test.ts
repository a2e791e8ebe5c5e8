// What goes through carriers and codecs comes out as with jaeger-client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from "opentracing";
import { type Jaeger, LIBRARIES } from "./libraries.js";

type OurTracer = InstanceType<Jaeger["Tracer"]>;

/** What each library answers with a tracer that records all or nothing, which must be the same. */
function both<T>(param: 0 | 1, run: (tracer: OurTracer, jaeger: Jaeger) => T): T {
  const [their, our] = LIBRARIES.map(({ jaeger }) => {
    const config = { serviceName: "s", sampler: { type: "const", param } } as const;
    const tracer = jaeger.initTracer(config, { reporter: new jaeger.InMemoryReporter() }) as OurTracer;
    const result = run(tracer, jaeger);
    void tracer.close(() => {});
    return result;
  });
  assert.deepEqual(our, their);
  return our!;
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
