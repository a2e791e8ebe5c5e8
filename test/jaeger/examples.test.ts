// jaeger-client's documented examples: its README, and the lessons of the OpenTracing tutorial that it points to, once with it and once with ours.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { FinishedSpan } from "node-opentracing";
import {
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  globalTracer,
  initGlobalTracer,
  Tracer as NoopTracer,
  type Span,
  Tags,
} from "opentracing";
import { type Jaeger, LIBRARIES, type Library, ours, theirs } from "./libraries.js";

type OurTracer = InstanceType<Jaeger["Tracer"]>;
type Reporter = InstanceType<Jaeger["InMemoryReporter"]>;

const CONST = { type: "const", param: 1 } as const;

/** A service of the tutorial: its tracer, made as its `initTracer(serviceName)` makes it, and where the spans are. */
function service(
  { jaeger }: Library,
  serviceName: string,
  sampler: object = CONST,
): { tracer: OurTracer; reporter: Reporter } {
  const reporter = new jaeger.InMemoryReporter();
  const config = { serviceName, sampler: sampler as typeof CONST, reporter: { logSpans: true } };
  const logger = { info() {}, error() {} };
  return { tracer: jaeger.initTracer(config, { logger, reporter }) as OurTracer, reporter };
}

function closed(tracer: { close(callback: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => void tracer.close(resolve));
}

/** The same picture of both, which is answered. */
async function both(run: (library: Library) => Promise<string>): Promise<string> {
  const pictures = [];
  for (const library of LIBRARIES) pictures.push(await run(library));
  assert.equal(pictures[1], pictures[0]);
  return pictures[1]!;
}

test("lesson 1: a span with a tag and logs", async () => {
  const picture = await both(async (library) => {
    const { tracer, reporter } = service(library, "hello-world");
    const span = tracer.startSpan("say-hello");
    span.setTag("hello-to", "Bryan");
    span.log({ event: "string-format", value: "Hello, Bryan!" });
    span.log({ event: "print-string" });
    span.finish();
    await closed(tracer);
    return library.picture([reporter]);
  });
  assert.equal(
    picture,
    `
say-hello  hello-to=Bryan sampler.param=true sampler.type=const
  - event=string-format value=Hello, Bryan!
  - event=print-string`,
  );
});

test("lesson 2: children, by childOf with a span and with a context, and by references", async () => {
  const picture = await both(async (library) => {
    const { tracer, reporter } = service(library, "hello-world");
    const { opentracing } = library.jaeger;
    const root = tracer.startSpan("say-hello");
    tracer.startSpan("format-string", { childOf: root.context() }).addTags({ component: "formatter", n: 1 }).finish();
    tracer.startSpan("print-string", { childOf: root }).finish();
    tracer.startSpan("follow", { references: [opentracing.followsFrom(root.context())] }).finish();
    root.finish();
    await closed(tracer);
    return library.picture([reporter]);
  });
  assert.equal(
    picture,
    `
say-hello  sampler.param=true sampler.type=const
  follow
  format-string  component=formatter n=1
  print-string`,
  );
});

/** A server of the tutorial: extracts, starts a child, answers. */
async function serve(
  t: TestContext,
  tracer: OurTracer,
  name: string,
  answer: (url: URL, span: Span) => string,
): Promise<string> {
  const server = http.createServer((request, response) => {
    const parent = tracer.extract(FORMAT_HTTP_HEADERS, request.headers);
    const span = tracer.startSpan(name, { childOf: parent, tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_RPC_SERVER } });
    const text = answer(new URL(request.url ?? "", "http://localhost"), span);
    span.log({ event: name, value: text });
    span.finish();
    response.end(text);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The tutorial's request to a server, in a span of its own. */
async function get(tracer: OurTracer, name: string, root: Span, base: string, query: string): Promise<string> {
  const span = tracer.startSpan(name, { childOf: root.context() });
  span.setTag(Tags.HTTP_URL, `/${name}`);
  span.setTag(Tags.HTTP_METHOD, "GET");
  span.setTag(Tags.SPAN_KIND, Tags.SPAN_KIND_RPC_CLIENT);
  const headers: Record<string, string> = {};
  tracer.inject(span, FORMAT_HTTP_HEADERS, headers);
  const text = await (await fetch(`${base}?${query}`, { headers })).text();
  span.log({ event: name, value: text });
  span.finish();
  return text;
}

/** Lessons 3 and 4: a client and two servers, each with a tracer, any of which may be the other library's. */
async function rpc(t: TestContext, libraries: readonly Library[]): Promise<string> {
  const [client, formatter, publisher] = libraries as [Library, Library, Library];
  const services = [service(client, "hello-world"), service(formatter, "formatter"), service(publisher, "publisher")];
  const [{ tracer }, format, publish] = services as [(typeof services)[0], (typeof services)[0], (typeof services)[0]];
  const formatUrl = await serve(t, format.tracer, "format", (url, span) => {
    return `${span.getBaggageItem("greeting") ?? "Hello"}, ${url.searchParams.get("helloTo")}!`;
  });
  const publishUrl = await serve(t, publish.tracer, "publish", () => "published");

  const root = tracer.startSpan("say-hello");
  root.setTag("hello-to", "Bryan");
  root.setBaggageItem("greeting", "Hello");
  root.setBaggageItem("greeting", "Bon jour, ça va");
  const hello = await get(tracer, "formatString", root, formatUrl, "helloTo=Bryan");
  await get(tracer, "printHello", root, publishUrl, `helloStr=${encodeURIComponent(hello)}`);
  root.finish();
  for (const one of services) await closed(one.tracer);
  return libraries.map((library, i) => library.picture([services[i]!.reporter])).join("");
}

/** The client's spans, then each server's, whose parents are elsewhere. */
const RPC = `
say-hello  hello-to=Bryan sampler.param=true sampler.type=const
  - event=baggage key=greeting value=Hello
  - event=baggage key=greeting override=true value=Bon jour, ça va
  formatString  http.method=GET http.url=/formatString span.kind=client
    - event=formatString value=Bon jour, ça va, Bryan!
  printHello  http.method=GET http.url=/printHello span.kind=client
    - event=printHello value=published
format  span.kind=server
  - event=format value=Bon jour, ça va, Bryan!
publish  span.kind=server
  - event=publish value=published`;

test("lessons 3 and 4: over HTTP with baggage, each service with either library", async (t) => {
  for (const libraries of [
    [theirs, theirs, theirs],
    [ours, ours, ours],
    [theirs, ours, theirs],
    [ours, theirs, ours],
  ]) {
    assert.equal(await rpc(t, libraries), RPC, libraries.map(({ name }) => name).join());
  }
});

test("README: forced sampling by the tag sampling.priority, at the start and later; children follow", async () => {
  const picture = await both(async (library) => {
    const { tracer, reporter } = service(library, "s", { type: "const", param: 0 });
    tracer.startSpan("dropped").finish();
    const later = tracer.startSpan("first name");
    later.setTag("lost", true);
    later.setOperationName("later");
    later.setTag(Tags.SAMPLING_PRIORITY, 1);
    later.setTag("kept", true);
    const child = tracer.startSpan("child of later", { childOf: later });
    assert.equal((child.context() as { isDebug(): boolean }).isDebug(), true);
    child.finish();
    later.finish();
    tracer.startSpan("at once", { tags: { [Tags.SAMPLING_PRIORITY]: 1, a: 1 } }).finish();
    tracer.startSpan("never", { tags: { [Tags.SAMPLING_PRIORITY]: 0 } }).finish();
    await closed(tracer);
    return library.picture([reporter]);
  });
  assert.equal(
    picture,
    `
later  kept=true sampling.priority=1
  child of later
at once  a=1 sampling.priority=1`,
  );
});

test("README: sampling.priority 0 drops what was recorded", async () => {
  const picture = await both(async (library) => {
    const { tracer, reporter } = service(library, "s");
    const span = tracer.startSpan("dropped");
    span.addTags({ [Tags.SAMPLING_PRIORITY]: 0, a: 1 });
    assert.equal((span.context() as { isSampled(): boolean }).isSampled(), false);
    tracer.startSpan("child", { childOf: span }).finish();
    span.finish();
    await closed(tracer);
    return library.picture([reporter]);
  });
  assert.equal(picture, "");
});

test("README: jaeger-debug-id begins a debug trace with that tag, jaeger-baggage its baggage", async () => {
  const picture = await both(async (library) => {
    const { tracer, reporter } = service(library, "s", { type: "const", param: 0 });
    const headers = { "jaeger-debug-id": "some-correlation-id", "jaeger-baggage": "user=alice, plan=free" };
    const span = tracer.startSpan("GET", { childOf: tracer.extract(FORMAT_HTTP_HEADERS, headers) });
    assert.equal(span.getBaggageItem("user"), "alice");
    assert.equal(span.getBaggageItem("plan"), "free");
    const sent: Record<string, string> = {};
    tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
    assert.equal(sent["uber-trace-id"]!.split(":")[3], "3");
    span.finish();
    await closed(tracer);
    return library.picture([reporter]);
  });
  assert.equal(picture, "\nGET  jaeger-debug-id=some-correlation-id");
});

test("README: the Zipkin codec registered as injector and extractor", async () => {
  const written = new Map<string, Record<string, string>>();
  for (const library of LIBRARIES) {
    const { tracer } = service(library, "s");
    const codec = new library.jaeger.ZipkinB3TextMapCodec({ urlEncoding: true });
    tracer.registerInjector(FORMAT_HTTP_HEADERS, codec);
    tracer.registerExtractor(FORMAT_HTTP_HEADERS, codec);
    const parent = tracer.extract(FORMAT_HTTP_HEADERS, {
      "X-B3-TraceId": "463ac35c9f6413ad48485a3953bb6124",
      "X-B3-SpanId": "a2fb4a1d1a96d312",
      "X-B3-Sampled": "1",
      "uberctx-user": "%C3%A9",
    });
    const span = tracer.startSpan("s", { childOf: parent });
    const headers: Record<string, string> = {};
    tracer.inject(span, FORMAT_HTTP_HEADERS, headers);
    assert.match(headers["x-b3-spanid"]!, /^[0-9a-f]{1,16}$/);
    delete headers["x-b3-spanid"];
    written.set(library.name, headers);
    span.finish();
    await closed(tracer);
  }
  assert.deepEqual(written.get(ours.name), written.get(theirs.name));
  assert.deepEqual(written.get(ours.name), {
    "x-b3-traceid": "463ac35c9f6413ad48485a3953bb6124",
    "x-b3-parentspanid": "a2fb4a1d1a96d312",
    "x-b3-sampled": "1",
    "uberctx-user": "%C3%A9",
  });
});

test("README: the tracer is a global tracer of OpenTracing", async () => {
  const { tracer, reporter } = service(ours, "s");
  initGlobalTracer(tracer);
  globalTracer().startSpan("global").finish();
  await closed(tracer);
  initGlobalTracer(new NoopTracer());
  assert.deepEqual(
    (reporter.spans as FinishedSpan[]).map(({ operationName }) => operationName),
    ["global"],
  );
});

test("contexts are shown, read and taken apart as by jaeger-client", async () => {
  const texts = [
    "463ac35c9f6413ad48485a3953bb6124:a2fb4a1d1a96d312:0:1",
    "abc:def:12:3",
    "ab:cd:0:0",
    "463ac35c9f6413ad:a2fb4a1d1a96d312:1:1",
  ];
  const [a, b] = LIBRARIES.map(({ jaeger: { SpanContext } }) =>
    texts.map((text) => {
      const context = SpanContext.fromString(text)!;
      const { traceIdStr, spanIdStr, parentIdStr, flags, isValid, traceId, spanId, parentId } = context;
      const bytes = [traceId, spanId, parentId].map((id) => id?.toString("hex"));
      const states = [context.isSampled(), context.isDebug(), isValid];
      return [
        String(context),
        context.toTraceId(),
        context.toSpanId(),
        traceIdStr,
        spanIdStr,
        parentIdStr,
        flags,
        states,
        bytes,
      ];
    }),
  );
  assert.deepEqual(b, a);
  for (const {
    jaeger: { SpanContext },
  } of LIBRARIES) {
    for (const text of ["", "a:b:c", "x:y:z:1", "0:1:0:1"]) assert.equal(SpanContext.fromString(text), null, text);
    const made = SpanContext.withStringIds("abc", "def", null, 1);
    assert.equal(String(made), "abc:def:0:1");
    const bytes = Buffer.from("00000000000000ab", "hex");
    assert.equal(String(SpanContext.withBinaryIds(bytes, bytes, null, 0)), "ab:ab:0:0");
  }
});

test("ids have 64 bits, or 128 where that is asked for, and those of a parent stay", async () => {
  for (const { jaeger } of LIBRARIES) {
    for (const [traceId128bit, pattern] of [
      [false, /^[0-9a-f]{1,16}:[0-9a-f]{1,16}:0:1$/],
      [true, /^[0-9a-f]{25,32}:[0-9a-f]{1,16}:0:1$/],
    ] as const) {
      const options = { traceId128bit, reporter: new jaeger.InMemoryReporter() };
      const tracer = jaeger.initTracer({ serviceName: "s", sampler: CONST }, options) as OurTracer;
      const span = tracer.startSpan("s");
      assert.match(String(span.context()), pattern);
      const child = tracer.startSpan("child", { childOf: span });
      assert.equal(child.context().toTraceId(), span.context().toTraceId());
      assert.equal((child.context() as { parentIdStr: string }).parentIdStr, span.context().toSpanId());
      await closed(tracer);
    }
  }
});

test("contextKey and baggagePrefix name the headers; names of baggage are normalised", async () => {
  const written = [];
  for (const { jaeger } of LIBRARIES) {
    const options = { contextKey: "My-Trace", baggagePrefix: "My-Ctx-", reporter: new jaeger.InMemoryReporter() };
    const tracer = jaeger.initTracer({ serviceName: "s", sampler: CONST }, options) as OurTracer;
    const headers = { "my-trace": "abc:def:0:1", "my-ctx-user": "a%20b" };
    const span = tracer.startSpan("s", { childOf: tracer.extract(FORMAT_HTTP_HEADERS, headers) });
    span.setBaggageItem("Fancy_Name", "ä b");
    assert.equal(span.getBaggageItem("fancy_NAME"), "ä b");
    const texts: Record<string, string> = {};
    const sent: Record<string, string> = {};
    tracer.inject(span, FORMAT_TEXT_MAP, texts);
    tracer.inject(span, FORMAT_HTTP_HEADERS, sent);
    assert.equal(BigInt(`0x${sent["my-trace"]!.split(":")[0]}`), 0xabcn);
    delete texts["my-trace"];
    delete sent["my-trace"];
    written.push([texts, sent]);
    span.finish();
    await closed(tracer);
  }
  assert.deepEqual(written[1], written[0]);
  assert.deepEqual(written[1], [
    { "my-ctx-user": "a b", "my-ctx-fancy-name": "ä b" },
    { "my-ctx-user": "a%20b", "my-ctx-fancy-name": "%C3%A4%20b" },
  ]);
});
