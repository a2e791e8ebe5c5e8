// Set-up: one line patches servers and clients once, the tracer is the first that is given, and all of it can be undone.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import {
  diagnostics,
  initClientTracing,
  initTracing,
  MemoryReporter,
  MultiReporter,
  OtlpReporter,
  Tracer,
  Tracing,
  ZipkinReporter,
} from "node-opentracing";
import { initTracer } from "node-opentracing/jaeger";
import { spanTree } from "node-opentracing/testing";
import { globalTracer, initGlobalTracer, MockTracer, Tracer as NoopTracer, type Span } from "opentracing";
import { cutPendingSpans } from "#src/clients/exchange.js";
import { type App, HOP, startApp } from "./app.js";

let app: App;
beforeEach(async () => {
  app = await startApp();
});
afterEach(async () => {
  await app.close();
  initGlobalTracer(new NoopTracer());
});

test("docs/clients.md: initClientTracing takes outgoing requests over from initTracing, until its close", async () => {
  const reporter = new MemoryReporter();
  initGlobalTracer(new Tracer({ reporter }));
  const tracing = initTracing({ serviceName: "shop" });
  const client = initClientTracing(tracing, { propagateTo: ["https://stock.example/"] }); // the same tracer, other options
  await app.get("/hop");
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans.slice(0, 1)), "\nGET  server 200", "the inner server got no headers");
  reporter.clear();
  await client.close(); // outgoing requests are traced by `tracing` again
  await app.get("/hop");
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), HOP);
  await tracing.close();
});

test("set-up 1: initTracing patches server and client once, and a second call patches nothing twice", async () => {
  const before = http.request;
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  const patched = { request: http.request, emit: http.Server.prototype.emit };
  assert.equal(initTracing(), tracing);
  assert.deepEqual({ request: http.request, emit: http.Server.prototype.emit }, patched);

  assert.equal(await app.get("/hop"), "hello");
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), HOP);
  await tracing.close();
  assert.equal(http.request, before);
});

test("set-up 1: it can be undone, and done again", async () => {
  const [first, second] = [new MemoryReporter(), new MemoryReporter()];
  const tracing = initTracing({ reporter: first });
  await app.get("/");
  await first.waitFor(1);
  await tracing.close();
  await app.get("/");
  const again = initTracing({ reporter: second });
  await app.get("/");
  await second.waitFor(1);
  await again.close();
  assert.deepEqual([first.spans.length, second.spans.length], [1, 1]);
});

test("a signal that the application answers itself ends no span of a response that is being read", async () => {
  const half = await startHalf();
  const reporter = new MemoryReporter();
  const tracing = initTracing({ tracer: new Tracer({ reporter }), traceAll: false });
  const before = diagnostics()["client.unread_body"];
  const response = await fetch(`${half.url}half`);
  const signalled = once(process, "SIGTERM");
  process.emit("SIGTERM", "SIGTERM");
  await signalled;
  assert.equal(reporter.spans.length, 0);
  half.finish();
  assert.equal(await response.text(), "half and half");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  assert.equal(diagnostics()["client.unread_body"], before);
  await tracing.close();
  await half.close();
});

const taken = async (tracing: Tracing) => initClientTracing(tracing, { propagateTo: ["https://stock.example/"] });
const closed = async (tracing: Tracing) => {
  await tracing.close();
  return tracing;
};
for (const change of [taken, closed]) {
  test(`requests that are on their way while clients are ${change.name} end as ever`, async () => {
    const half = await startHalf();
    const reporter = new MemoryReporter();
    const tracing = initTracing({ tracer: new Tracer({ reporter }), traceAll: false });
    const texts = [fetch(half.url).then((response) => response.text()), textOf(http.get(half.url))];
    await half.waitFor(2);
    const changed = await change(tracing);
    half.finish();
    assert.deepEqual(await Promise.all(texts), ["and half", "and half"]);
    await reporter.waitFor(2);
    assert.equal(spanTree(reporter.spans), "\nGET  client 200".repeat(2));
    await changed.close();
    await tracing.close();
    await half.close();
  });
}

async function textOf(request: http.ClientRequest): Promise<string> {
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  return (await response.setEncoding("utf8").toArray()).join("");
}

test("a response that is being read goes on while clients change hands", async () => {
  const half = await startHalf();
  const reporter = new MemoryReporter();
  const tracing = initTracing({ tracer: new Tracer({ reporter }), traceAll: false });
  const before = diagnostics()["client.unread_body"];
  const response = await fetch(`${half.url}half`);
  const client = initClientTracing(tracing, { propagateTo: ["https://stock.example/"] });
  await client.close();
  assert.equal(reporter.spans.length, 0);
  half.finish();
  assert.equal(await response.text(), "half and half");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  assert.equal(diagnostics()["client.unread_body"], before);
  await tracing.close();
  await half.close();
});

test("the end of the process cuts what is being read, and says so; what nobody reads ends as it stood", async () => {
  const half = await startHalf();
  const reporter = new MemoryReporter();
  const tracing = initTracing({ tracer: new Tracer({ reporter }), traceAll: false });
  const [read, unread] = await Promise.all([fetch(`${half.url}half`), fetch(`${half.url}half`)]);
  const reading = read.text();
  cutPendingSpans();
  assert.equal(spanTree(reporter.spans), "\nGET  client 200 error=response_cut\nGET  client 200");
  half.finish();
  assert.equal(await reading, "half and half");
  assert.equal(await unread.text(), "half and half");
  await tracing.close();
  await half.close();
});

test("set-up 1: close takes all patches back at once, whoever waits for it", async () => {
  const before = { request: http.request, fetch: globalThis.fetch };
  const tracing = initTracing({ reporter: new MemoryReporter() });
  const closed = tracing.close();
  assert.deepEqual({ request: http.request, fetch: globalThis.fetch }, before);
  assert.equal(Object.hasOwn(http.Server.prototype, "emit"), false);
  const reporter = new MemoryReporter();
  const again = initTracing({ reporter });
  assert.notEqual(again, tracing);
  await closed;
  await app.get("/");
  await reporter.waitFor(1);
  await again.close();
});

test("close and flush never reject, whatever the reporter does", async () => {
  const fails = () => Promise.reject(new Error("no lid"));
  const tracing = initTracing({ reporter: { report: () => {}, flush: fails, close: fails } });
  await tracing.flush();
  await tracing.close();
});

test("settings of a second call are not silently lost: a warning counts them", async () => {
  const tracing = initTracing({ reporter: new MemoryReporter() });
  const before = diagnostics()["settings.ignored"] ?? 0;
  assert.equal(initTracing({ serviceName: "other" }), tracing);
  assert.equal(diagnostics()["settings.ignored"], before + 1);
  await tracing.close();
});

test("set-up 2: initClientTracing patches the client alone", async () => {
  const reporter = new MemoryReporter();
  const tracing = initClientTracing(new Tracer({ reporter }));
  assert.equal(await app.get("/hop"), "hello");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  await tracing.close();
});

test("set-up 2: given a Tracing object, initClientTracing uses that object's tracer", async () => {
  const reporter = new MemoryReporter();
  const own = new Tracing(new Tracer({ reporter }));
  const tracing = initClientTracing(own);
  await app.get("/hop");
  await reporter.waitFor(1);
  assert.equal(tracing.tracer, own.tracer);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  await tracing.close();
});

test("set-up 2: initClientTracing after initTracing gives the client its own tracer, and no second span", async () => {
  const [server, client] = [new MemoryReporter(), new MemoryReporter()];
  const tracing = initTracing({ reporter: server });
  const clientTracing = initClientTracing(new Tracer({ reporter: client }));
  await app.get("/hop");
  await Promise.all([server.waitFor(2), client.waitFor(1)]);
  assert.equal(server.spans.length, 2);
  assert.equal(client.spans.length, 1);
  await clientTracing.close();
  await app.get("/hop");
  await server.waitFor(5);
  assert.equal(
    spanTree(server.spans.slice(2)),
    `
GET  server 200
  GET  client 200
    GET  server 200`,
    "closed, it gives the client back",
  );
  await tracing.close();
  await app.get("/hop");
  assert.deepEqual([server.spans.length, client.spans.length], [5, 1]);
});

test("set-up 3: settings belong to one Tracing: two applications in a process have different ones", async () => {
  const [shop, bank] = ["shop", "bank"].map((tenant) => {
    const reporter = new MemoryReporter();
    const options = { startSpanCb: (span: Span) => span.setTag("tenant", tenant), operationName: () => tenant };
    const tracing = new Tracing(new Tracer({ reporter }), options);
    return { reporter, server: http.createServer(tracing.trace("method")((_, response) => response.end(tenant))) };
  }) as [{ reporter: MemoryReporter; server: http.Server }, { reporter: MemoryReporter; server: http.Server }];
  for (const { server } of [shop, bank]) {
    await once(server.listen(0, "127.0.0.1"), "listening");
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).text();
    server.close();
    server.closeAllConnections();
  }
  await Promise.all([shop.reporter.waitFor(1), bank.reporter.waitFor(1)]);
  const tags = ["tenant", "method"];
  assert.equal(spanTree(shop.reporter.spans, { tags }), "\nshop  server 200 tenant=shop method=GET");
  assert.equal(spanTree(bank.reporter.spans, { tags }), "\nbank  server 200 tenant=bank method=GET");
});

test("callbacks that answer something else than they should are counted, and the request is traced without them", async () => {
  const reporter = new MemoryReporter();
  const tracer = new Tracer({ reporter });
  for (const wrong of [
    { filter: () => Promise.resolve(false), operationName: () => Promise.reject(new Error("async")) },
    { filter: () => Promise.reject(new Error("async")), operationName: () => "" },
    { operationName: () => 5 },
  ]) {
    const before = diagnostics()["callback.error"] ?? 0;
    const tracing = initTracing({ tracer, traceClient: false, ...wrong } as never);
    await app.get("/");
    await tracing.close();
    assert.equal((diagnostics()["callback.error"] ?? 0) - before, Object.keys(wrong).length);
  }
  await reporter.waitFor(3);
  assert.equal(spanTree(reporter.spans), "\nGET  server 200\nGET  server 200\nGET  server 200");
});

test("calling it again with the same Tracing adds no second listener for the end of the process", async () => {
  const before = process.listenerCount("beforeExit");
  const tracing = new Tracing(new Tracer({ reporter: new MemoryReporter() }));
  for (let i = 0; i < 3; i++) initClientTracing(tracing);
  assert.equal(process.listenerCount("beforeExit"), before + 1);
  await tracing.close();
  assert.equal(process.listenerCount("beforeExit"), before);
});

test("set-up 4: tracing comes first, then tracer, then tracerCallable, then the global tracer", async () => {
  const names: string[] = [];
  const named = (name: string): { tracer: Tracer; reporter: MemoryReporter } => {
    const reporter = new MemoryReporter();
    names.push(name);
    return { tracer: new Tracer({ reporter }), reporter };
  };
  const [a, b, c, d] = ["tracing", "tracer", "callable", "global"].map(named) as [
    ReturnType<typeof named>,
    ReturnType<typeof named>,
    ReturnType<typeof named>,
    ReturnType<typeof named>,
  ];
  initGlobalTracer(d.tracer);
  let calls = 0;
  const tracerCallable = (): Tracer => {
    calls++;
    return c.tracer;
  };
  for (const [settings, expected] of [
    [{ tracing: new Tracing(a.tracer), tracer: b.tracer, tracerCallable }, a],
    [{ tracer: b.tracer, tracerCallable }, b],
    [{ tracerCallable }, c],
    [{}, d],
  ] as const) {
    const tracing = initTracing({ ...settings, traceClient: false });
    await app.get("/");
    await expected.reporter.waitFor(1);
    await tracing.close();
  }
  assert.deepEqual(
    [a, b, c, d].map(({ reporter }) => reporter.spans.length),
    [1, 1, 1, 1],
  );
  assert.equal(calls, 1);
});

test("set-up 4: a global tracer that jaeger's initTracer has disabled is one: nothing is traced, and nothing sent", async () => {
  const before = diagnostics()["settings.ignored"] ?? 0;
  initGlobalTracer(initTracer({ serviceName: "shop", disable: true }));
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  await app.get("/hop");
  assert.deepEqual(reporter.spans, []);
  assert.equal(diagnostics()["settings.ignored"], before + 1);
  await tracing.close();
});

test("what may hold a key is told by its type alone, where a setting is wrong", () => {
  const secret = "https://user:s3cr3t@collector/";
  for (const settings of [{ tracerParameters: `{"access_token":"s3cr3t"}` }, { reporter: secret }]) {
    assert.throws(
      () => initTracing(settings as never),
      ({ message }: Error) => /must be .*, not a text$/.test(message) && !message.includes("s3cr3t"),
    );
  }
});

test("set-up 4: without any, the built-in tracer is made and registered as the global one", async () => {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  globalTracer().startSpan("by the global tracer").finish();
  assert.equal(spanTree(reporter.spans), "\nby the global tracer");
  await tracing.close();
});

test("set-up 4: new Tracing() and initClientTracing() look the global tracer up at each use", async () => {
  const tracing = new Tracing();
  const client = initClientTracing();
  tracing.startActiveSpan("lost", () => {}); // the no-op tracer works silently
  await app.get("/hop");

  const reporter = new MemoryReporter();
  initGlobalTracer(new Tracer({ reporter }));
  tracing.startActiveSpan("found", () => {});
  await app.get("/hop");
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nfound\nGET  client 200");
  await client.close();
});

test("set-up 4: options given beside tracing are added to those it has", async () => {
  const reporter = new MemoryReporter();
  const given = new Tracing(new Tracer({ reporter }), { startSpanCb: (span) => span.setTag("by", "callback") });
  const tracing = initTracing({ tracing: given, tracedAttributes: ["method"], traceClient: false });
  await app.get("/");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans, { tags: ["by", "method"] }), "\nGET  server 200 by=callback method=GET");
  await tracing.close();
});

test("set-up 5: traceAll false leaves requests alone; traced attributes count only with it", async () => {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter, traceAll: false, tracedAttributes: ["method"] });
  await app.get("/");
  await app.get("/hop");
  await reporter.waitFor(1);
  assert.equal(spanTree(reporter.spans), "\nGET  client 200");
  await tracing.close();
});

test("set-up 5 and client request 6: traceClient false makes no client span", async () => {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter, traceClient: false });
  await app.get("/hop");
  await reporter.waitFor(2);
  assert.equal(spanTree(reporter.spans), "\nGET  server 200\nGET  server 200");
  await tracing.close();
});

test("set-up 6: a startSpanCb that cannot be called is refused at construction", () => {
  const wrong = { startSpanCb: "log" } as never;
  const message = /startSpanCb must be a function, not "log"/;
  assert.throws(() => new Tracing(undefined, wrong), message);
  assert.throws(() => initTracing(wrong), message);
  assert.throws(() => initClientTracing(undefined, wrong), message);
});

test("set-up 7: a tracerCallable that names nothing says which module or export is missing", () => {
  assert.throws(
    () => initTracing({ tracerCallable: "no-such-module:make" }),
    /the module "no-such-module" cannot be loaded/,
  );
  assert.throws(() => initTracing({ tracerCallable: "opentracing:nothing" }), /"opentracing" has no export "nothing"/);
});

test("a failed initTracing leaves nothing patched", () => {
  const before = [http.request, http.Server.prototype.emit];
  assert.throws(() => initTracing({ tracerCallable: "no-such-module:make" }));
  assert.deepEqual([http.request, http.Server.prototype.emit], before);
});

test("unknown settings are refused with the name that was meant", () => {
  assert.throws(
    () => initTracing({ servicename: "shop" } as never),
    /no option "servicename"; did you mean "serviceName"\?/,
  );
  assert.throws(
    () => initTracing({ endpoint: "http://collector:4318" } as never),
    /no option "endpoint"; a reporter has it: \{ reporter: new OtlpReporter\(\{ endpoint: … \}\) \}$/,
  );
  assert.throws(() => initTracing({ trace_all: true } as never), /no option "trace_all"; did you mean "traceAll"\?/);
  assert.throws(() => initTracing("shop" as never), /the options must be an object, not a text/);
  assert.throws(() => initTracing({ tracedAttributes: "url" } as never), /tracedAttributes must be an array of texts/);
  assert.throws(() => initTracing({ tracer: {} } as never), /tracer must be an OpenTracing tracer/);
  assert.throws(
    () => initTracing({ tracing: new Tracer({ reporter: new MemoryReporter() }) } as never),
    /tracing must be a Tracing/,
  );
  assert.throws(() => new Tracing({} as never), /the tracer must be an OpenTracing tracer/);
});

test("settings of the built-in tracer beside another tracer are counted and warned about", async () => {
  const before = diagnostics()["settings.ignored"] ?? 0;
  const tracing = initTracing({ tracer: new MockTracer(), serviceName: "shop" });
  assert.equal(diagnostics()["settings.ignored"], before + 1);
  await tracing.close();
});

test("serviceName reaches a reporter that was given without a name, and no other", async () => {
  const names: string[] = [];
  const collector = http.createServer(async (incoming, response) => {
    const body = JSON.parse(Buffer.concat(await incoming.toArray()).toString());
    const attributes: { key: string; value: { stringValue?: string } }[] = body.resourceSpans
      ? body.resourceSpans[0].resource.attributes
      : [{ key: "service.name", value: { stringValue: body[0].localEndpoint.serviceName } }];
    names.push(attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "");
    response.setHeader("content-type", "application/json").end("{}");
  });
  await once(collector.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  const protocol = "http/json";
  for (const reporter of [
    new OtlpReporter({ endpoint, protocol }),
    new OtlpReporter({ endpoint, protocol, serviceName: "own" }),
    new OtlpReporter({ endpoint, protocol, resource: { "service.name": "resource" } }),
    new ZipkinReporter({ endpoint }),
    new ZipkinReporter({ endpoint, serviceName: "own" }),
    new MultiReporter([new ZipkinReporter({ endpoint })]),
  ]) {
    const tracing = initTracing({ serviceName: "shop", reporter });
    tracing.startActiveSpan("work", () => {});
    await tracing.close();
  }
  collector.close();
  collector.closeAllConnections();
  assert.deepEqual(names, ["shop", "own", "resource", "shop", "own", "shop"]);
});

test("secrets in an error's text stay out of every span it passes", async () => {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ reporter });
  const url = "http://admin:hunter2@127.0.0.1/x?token=s3cr3t";
  await assert.rejects(
    tracing.startActiveSpan("own", () => fetch(url)),
    (error: Error) => error.message.includes(url),
  );
  await tracing.close();
  assert.equal(spanTree(reporter.spans), "\nown  error=TypeError\n  GET  client error=TypeError");
  const texts = reporter.spans.flatMap(({ logs }) =>
    logs.map(({ fields }) => String((fields["error.object"] as Error).stack)),
  );
  assert.equal(texts.length, 2);
  for (const text of texts) assert.doesNotMatch(text, /hunter2|s3cr3t/);
});

test("server.emit with anything does what it does without us", async () => {
  const tracing = initTracing({ reporter: new MemoryReporter() });
  const refusing = new Proxy({}, { get: () => assert.fail("hands off") });
  const server = http.createServer();
  for (const args of [
    ["timeout", null],
    ["timeout", refusing],
    ["stream", refusing, {}],
    ["connect", refusing, null],
    ["timeout", "text"],
    ["timeout", Object.freeze({})],
    ["timeout", Object.freeze(new net.Socket())],
    ["clientError", new Error("a"), null],
    ["clientError", new Error("a"), Object.freeze(new net.Socket())],
    ["clientError", null, new net.Socket()],
    ["request", refusing, { end() {} }],
  ] as const) {
    assert.equal(server.emit(...(args as unknown as [string])), false);
  }
  await tracing.close();
});

test("an application's listeners bring Node's leak warning no sooner than without us", async () => {
  const warned: (string | symbol)[] = [];
  const listener = (warning: Error & { type?: string }): void => {
    if (warning.name === "MaxListenersExceededWarning") warned.push(warning.type ?? "");
  };
  process.on("warning", listener);
  const server = http.createServer(async (_request, response) => {
    for (let i = 0; i < 10; i++) response.on("close", () => {});
    const hop = http.get(app.url, (answer) => {
      for (let i = 0; i < 9; i++) answer.on("end", () => {}); // Node has one itself
      answer.resume().on("close", () => response.end("hello"));
    });
    for (let i = 0; i < 10; i++) hop.on("close", () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const tracing = initTracing({ reporter: new MemoryReporter() });
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  assert.equal(await answer.text(), "hello");
  await tracing.close();
  server.close();
  server.closeAllConnections();
  assert.deepEqual(warned, []);
  process.off("warning", listener);
});

test("bad input: with MockTracer, whose extract and inject throw, requests are served and spans made; counted", async () => {
  const tracer = new MockTracer();
  const before = diagnostics()["tracer.error"] ?? 0;
  const tracing = initTracing({ tracer });
  assert.equal(await app.get("/hop"), "hello");
  await tracing.close();
  const kinds = tracer.report().spans.map((span) => span.tags()["span.kind"]);
  assert.deepEqual(kinds.sort(), ["client", "server", "server"]);
  assert.equal(diagnostics()["tracer.error"], before + 3); // two extract, one inject
});

test("bad input: a tracer that throws in every method leaves requests as they are", async () => {
  const refuse = (): never => assert.fail("broken tracer");
  const before = diagnostics()["tracer.error"] ?? 0;
  const tracing = initTracing({ tracer: { startSpan: refuse, inject: refuse, extract: refuse } as never });
  assert.equal(await app.get("/hop"), "hello");
  assert.equal(
    tracing.startActiveSpan("a", () => 7),
    7,
  );
  await tracing.close();
  assert.ok((diagnostics()["tracer.error"] ?? 0) > before);
});

test("bad input: a back end that is down changes no answer, and is warned about once", async () => {
  const warnings: string[] = [];
  const listener = (warning: Error & { code?: string }): void => void warnings.push(warning.code ?? warning.name);
  process.on("warning", listener);
  const reporter = new OtlpReporter({ endpoint: "http://127.0.0.1:9", maxExportBatchSize: 8, exportTimeout: 300 });
  const before = diagnostics()["report.send_failed"] ?? 0;
  const tracing = initTracing({ reporter });
  for (let i = 0; i < 50; i++) assert.equal(await app.get("/hop"), "hello");
  await tracing.close();
  assert.equal((diagnostics()["report.send_failed"] ?? 0) - before, 150);
  assert.deepEqual(warnings, ["report.send_failed"]);
  process.off("warning", listener);
});

test("OTEL_SDK_DISABLED=true: nothing is patched, and everything still works", async () => {
  const before = [http.request, http.Server.prototype.emit];
  process.env["OTEL_SDK_DISABLED"] = "true";
  try {
    const tracing = initTracing({ serviceName: "shop" });
    assert.deepEqual([http.request, http.Server.prototype.emit], before);
    assert.equal(
      tracing.startActiveSpan("a", () => 7),
      7,
    );
    assert.equal(await app.get("/hop"), "hello");
    await tracing.close();
  } finally {
    delete process.env["OTEL_SDK_DISABLED"];
  }
});

for (const [variable, value, flags] of [
  ["OTEL_TRACES_EXPORTER", "none", "-01"],
  ["OTEL_TRACES_SAMPLER", "always_off", "-00"],
  ["OTEL_SDK_DISABLED", "true", undefined],
] as const) {
  test(`docs/configuration.md: ${variable}=${value} passes a caller's trace on with the flags ${flags}`, async () => {
    const server = http.createServer((request, response) => response.end(request.headers["traceparent"] ?? "none"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    process.env[variable] = value;
    try {
      const tracing = initTracing({ serviceName: "shop" });
      const trace = "00-0af7651916cd43dd8448eb211c80319c";
      const caller = tracing.tracer.extract("http_headers", { traceparent: `${trace}-b7ad6b7169203331-01` });
      const answer = await tracing.startActiveSpan("served", { childOf: caller ?? undefined }, async () => {
        const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        return response.text();
      });
      if (flags === undefined) assert.equal(answer, "none");
      else assert.ok(answer.startsWith(trace) && answer.endsWith(flags), answer);
      await tracing.close();
    } finally {
      delete process.env[variable];
      server.close();
      server.closeAllConnections();
    }
  });
}

interface Half {
  /** The whole answer comes when it is told to; of `/half` headers and half of the body come at once. */
  readonly url: string;
  /** Resolves once so many requests have come. */
  waitFor(count: number): Promise<void>;
  finish(): void;
  close(): Promise<void>;
}

async function startHalf(): Promise<Half> {
  const responses: http.ServerResponse[] = [];
  const server = http.createServer((request, response) => {
    if (request.url === "/half") response.write("half ");
    responses.push(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async waitFor(count) {
      while (responses.length < count) await once(server, "request");
    },
    finish() {
      for (const response of responses.splice(0)) response.end("and half");
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
