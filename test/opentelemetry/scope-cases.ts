// What the binding of initTracing must do, over any SDK: both APIs' spans nest, and requests are told as our exporters tell them.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { createRequire } from "node:module";
import type net from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, test } from "node:test";
import type { Attributes } from "@opentelemetry/api";
import { diagnostics, initTracing, MemoryReporter, Tracer, type Tracing } from "node-opentracing";
import { type ContractClient, RawClient } from "node-opentracing/testing";
import { FORMAT_HTTP_HEADERS, MockTracer, type Span } from "opentracing";
import { resetDiagnostics } from "#src/diagnostics.js";
import { type AttributeSink, kindOf, outcomeOf, writeOutcome, writeTags } from "#src/report/semantic-conventions.js";
import { CLIENTS } from "../clients/contract-clients.js";
import { startBackEnd } from "../report/back-end.js";
import { decodeProtobuf } from "../report/otlp-decoder.js";
import type { ReadableSpan, Sdk } from "./sdk.js";
import { TENANT, TENANT_PROPAGATOR } from "./tenant-propagator.js";
import { otelTree } from "./tree.js";

const peers = createRequire(join(process.cwd(), "test", "peers", "index.js"));
const { B3InjectEncoding, B3Propagator } = peers("@opentelemetry/propagator-b3");

/** Registers the cases. */
export function scopeCases(sdk: Sdk): void {
  const { api, ours } = sdk;
  let spans: ReadableSpan[] = [];
  const provider = sdk.provider((span) => spans.push(span));
  const otel = provider.getTracer("app");
  let tracing: Tracing | undefined;

  function start(): Tracing {
    spans = [];
    tracing = initTracing(ours.openTelemetryBinding({ provider }));
    return tracing;
  }
  afterEach(async () => {
    await tracing?.close();
    tracing = undefined;
  });

  test("our spans nest under OpenTelemetry's, and the other way round", async () => {
    const { startActiveSpan, activeSpan } = bound(start());
    await otel.startActiveSpan("otel", async (outer) => {
      await startActiveSpan("ours", async () => {
        await new Promise(setImmediate);
        otel.startActiveSpan("otel inside", (inner) => {
          activeSpan()!.setTag("by", "us");
          inner.end();
        });
      });
      outer.end();
    });
    assert.equal(
      otelTree(spans),
      `
otel  [app]
  ours ${""}
    otel inside  [app]`,
    );
    assert.equal(spans[0]!.attributes["by"], "us");
  });

  test("the active span is the same object however often it is asked for", () => {
    const { startActiveSpan, activeSpan } = bound(start());
    startActiveSpan("ours", (span) => {
      assert.equal(activeSpan(), span);
      otel.startActiveSpan("otel", (inner) => {
        assert.notEqual(activeSpan(), span);
        assert.equal(activeSpan(), activeSpan());
        inner.end();
      });
    });
  });

  test("where nothing is active, or something that is not valid, there is no active span", () => {
    const { activeSpan } = bound(start());
    assert.equal(activeSpan(), undefined);
    const invalid = api.trace.setSpan(api.ROOT_CONTEXT, api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT));
    assert.equal(api.context.with(invalid, activeSpan), undefined);
  });

  test("run(undefined) leaves neither span nor baggage to OpenTelemetry", () => {
    const { scopeManager } = start();
    const span = tracing!.tracer.startSpan("one").setBaggageItem("a", "1");
    scopeManager.run(span, () => {
      assert.notEqual(api.trace.getActiveSpan(), undefined);
      scopeManager.run(undefined, () => {
        assert.equal(scopeManager.active(), undefined);
        assert.deepEqual([api.trace.getActiveSpan(), api.propagation.getActiveBaggage()], [undefined, undefined]);
      });
    });
    span.finish();
  });

  test("baggage of an active span is OpenTelemetry's, and what OpenTelemetry adds is ours", () => {
    const { scopeManager, tracer } = start();
    const span = tracer.startSpan("one").setBaggageItem("a", "1");
    scopeManager.run(span, () => {
      const active = api.propagation.getActiveBaggage()!;
      assert.equal(active.getEntry("a")?.value, "1");
      const more = api.propagation.setBaggage(api.context.active(), active.setEntry("b", { value: "2" }));
      api.context.with(more, () => {
        const seen = scopeManager.active()!;
        assert.deepEqual([seen.getBaggageItem("a"), seen.getBaggageItem("b")], ["1", "2"]);
        assert.equal(seen.context().toSpanId(), span.context().toSpanId());
        assert.equal(scopeManager.active(), seen);
        const child = tracer.startSpan("child", { childOf: seen });
        assert.equal(child.getBaggageItem("b"), "2");
      });
      assert.equal(span.getBaggageItem("b"), undefined);
      span.setBaggageItem("c", "3");
      assert.equal(scopeManager.active(), span);
    });
    span.finish();
  });

  test("baggage without a span is a span that records nothing", () => {
    const { scopeManager, tracer } = start();
    const baggage = api.propagation.createBaggage({ user: { value: "ada" } });
    api.context.with(api.propagation.setBaggage(api.ROOT_CONTEXT, baggage), () => {
      const active = scopeManager.active()!;
      assert.equal(active.getBaggageItem("user"), "ada");
      active.setTag("a", 1).finish();
      tracer.startSpan("root", { childOf: active }).finish();
    });
    assert.deepEqual(
      spans.map(({ name, parentSpanContext }) => [name, parentSpanContext]),
      [["root", undefined]],
    );
  });

  test("a span of another tracer can be active too", () => {
    const { scopeManager } = start();
    const foreign = new MockTracer().startSpan("foreign");
    scopeManager.run(foreign, () => {
      assert.equal(scopeManager.active(), foreign);
      otel.startActiveSpan("otel", (span) => {
        assert.notEqual(scopeManager.active(), foreign);
        scopeManager.run(undefined, () => assert.equal(scopeManager.active(), undefined));
        span.end();
      });
    });
  });

  test("run hands arguments, results and errors on", () => {
    const { scopeManager, tracer } = start();
    const span = tracer.startSpan("one");
    assert.equal(
      scopeManager.run(span, (a: number, b: number) => a + b, 1, 2),
      3,
    );
    const error = new Error("no");
    assert.throws(
      () =>
        scopeManager.run(span, () => {
          throw error;
        }),
      error,
    );
  });

  for (const stableNames of [true, false]) {
    test(`an error on an active span of OpenTelemetry's is told when that API ends it: stableNames ${stableNames}`, () => {
      spans = [];
      tracing = initTracing(ours.openTelemetryBinding({ provider, stableNames }));
      const { activeSpan } = bound(tracing);
      const told = (act: (span: Span) => unknown): unknown => {
        otel.startActiveSpan("otel", (span) => {
          act(activeSpan()!);
          span.end();
        });
        const { status, attributes } = spans.at(-1)!;
        return [status.code, status.message, attributes["error.type"]];
      };
      const named = (type: string): string | undefined => (stableNames ? type : undefined);
      const logged = { event: "error", "error.object": new TypeError("no stock") };
      const [ok, failed, message] = [1, 2, stableNames ? "no stock" : undefined];
      assert.deepEqual(
        [
          told((span) => span.setTag("error", true)),
          told((span) => span.setTag("error", true).log(logged)),
          told((span) => span.log(logged).setTag("error", true)),
          told((span) => span.setTag("error", false)),
          told((span) => span.log(logged)),
          told((span) => span.setTag("error", true).log(logged).finish()),
        ],
        [
          [failed, undefined, named("_OTHER")],
          [failed, message, named("TypeError")],
          [failed, message, named("TypeError")],
          [ok, undefined, undefined],
          [0, undefined, undefined],
          [failed, message, named("TypeError")],
        ],
      );
    });
  }

  test("a name that OpenTelemetry's API gives a span is not overwritten", async (t) => {
    start();
    const url = await serve(t, (_request, response) => {
      api.trace.getActiveSpan()!.updateName("mine");
      response.end();
    });
    await (await fetch(url)).text();
    assert.deepEqual(spans.map(({ name }) => name).sort(), ["GET", "mine"]);
  });

  /** What our own exporters make of the same spans: attributes and status, the ports left out. */
  function exported({ spans: finished }: MemoryReporter): unknown[] {
    return finished.map((span) => {
      const attributes: Attributes = {};
      const sink: AttributeSink = {
        attribute(name, value) {
          attributes[name] = value as string;
        },
      };
      const kind = kindOf(span.tags);
      const outcome = outcomeOf(span, kind);
      writeTags(sink, span, kind);
      writeOutcome(sink, outcome, span.tags);
      return shown(span.operationName, kind, attributes, outcome.code, outcome.message);
    });
  }

  function shown(name: string, kind: number, attributes: Attributes, code: number, message = ""): unknown {
    const text = JSON.stringify([name, kind, attributes, code, message], (_name, value) =>
      value !== null && typeof value === "object" && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort())
        : value,
    );
    return text.replaceAll(/:\d{4,5}\b/g, ":PORT").replaceAll(/"server.port":"?(PORT|\d+)"?/g, '"server.port":PORT');
  }

  test("requests have the attributes and the status that our own exporters give them", async (t) => {
    async function play(): Promise<void> {
      const url = await serve(t, async (request, response) => {
        if (request.url === "/cut") return response.write("a", () => response.destroy());
        return response.writeHead(Number(request.url!.slice(1, 4))).end();
      });
      for (const path of ["/200?token=secret", "/404", "/503", "/cut"]) {
        await new Promise<void>((resolve) => {
          http.get(url + path, (response) =>
            response
              .on("error", () => {})
              .on("close", resolve)
              .resume(),
          );
        });
      }
      await fetch(`${url}/200`).then((response) => response.text());
      await new Promise((resolve) => http.get("http://127.0.0.1:9/refused").on("error", resolve));
      // The server's side of "/cut" may end after the client's.
      while (ended() < 11) await new Promise(setImmediate);
    }
    let ended = (): number => spans.length;
    start();
    await play();
    const ours = spans.map(({ name, kind, attributes, status }) =>
      shown(name, kind + 1, attributes, status.code, status.message),
    );
    await tracing!.close();

    const reporter = new MemoryReporter();
    ended = () => reporter.spans.length;
    tracing = initTracing({ tracer: new Tracer({ reporter }) });
    await play();
    assert.deepEqual(ours.sort(), exported(reporter).sort());
  });

  test("spans reach an OTLP back end by the SDK's own exporter, which is not traced", async (t) => {
    const backEnd = await startBackEnd(t);
    const exporting = sdk.exporting(backEnd.endpoint);
    // The back end is a server of this process too.
    const filter = ({ url }: { url: string }): boolean => url !== "/v1/traces";
    tracing = initTracing({ ...ours.openTelemetryBinding({ provider: exporting }), filter });
    const url = await serve(t, (_request, response) => response.end());
    await (await fetch(url)).text();
    await tracing.flush(5000);
    await exporting.forceFlush();
    const sent = backEnd.requests.flatMap(({ body }) => decodeProtobuf(body).resourceSpans);
    const made = sent.flatMap(({ scopeSpans }) => scopeSpans).filter(({ scope }) => scope.name === "node-opentracing");
    assert.deepEqual(made.flatMap(({ spans: all }) => all.map(({ name, kind }) => [name, kind])).sort(), [
      ["GET", 2],
      ["GET", 3],
    ]);
    await exporting.shutdown();
  });

  for (const client of CLIENTS) {
    test(`what is sent while the SDK suppresses tracing carries neither ids nor baggage: ${client.name}`, async (t) => {
      const { suppressTracing } = sdk.require("@opentelemetry/core");
      const { tracer, scopeManager } = start();
      const seen: unknown[] = [];
      const url = await serveFor(t, client, ({ headers }, response) => {
        seen.push([headers["traceparent"] !== undefined, headers["baggage"]]);
        response.end();
      });
      const get = async (): Promise<void> => {
        const response = await client.request(url, { method: "GET", headers: {}, body: undefined, signal: undefined });
        await response.text();
      };
      const span = tracer.startSpan("one").setBaggageItem("user", "alice");
      await scopeManager.run(span, async () => {
        await get();
        await api.context.with(suppressTracing(api.context.active()), get);
      });
      span.finish();
      while (spans.length < 4) await new Promise(setImmediate); // or they end in the next test
      assert.deepEqual(seen, [
        [true, "user=alice"],
        [false, undefined],
      ]);
    });
  }

  for (const publicEndpoint of [false, true]) {
    const title = publicEndpoint
      ? "what a propagator read of a caller that is not trusted is in no context"
      : "a handler runs in the context that a propagator extracted, and what it sends has that too";
    test(title, async (t) => {
      const { CompositePropagator } = sdk.require("@opentelemetry/core");
      const b3 = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
      const httpHeadersPropagator = new CompositePropagator({ propagators: [b3, TENANT_PROPAGATOR] });
      spans = [];
      tracing = initTracing({ ...ours.openTelemetryBinding({ provider, httpHeadersPropagator }), publicEndpoint });
      const sent: unknown[] = [];
      const inner = await serve(t, ({ headers }, response) => {
        sent.push([headers["x-tenant"], headers["x-b3-flags"], headers["x-b3-sampled"]]);
        response.end();
      });
      const handled: unknown[] = [];
      const outer = await serve(t, async (_request, response) => {
        await new Promise(setImmediate);
        handled.push(api.context.active().getValue(TENANT));
        await (await fetch(inner)).text();
        http.get(inner, (answer) => answer.resume().on("end", () => response.end()));
      });
      const client = await RawClient.connect(Number(new URL(outer).port));
      const ids = `x-b3-traceid: ${"a".repeat(32)}\r\nx-b3-spanid: ${"b".repeat(16)}\r\n`;
      const debug = `${ids}x-b3-flags: 1\r\n`;
      // One connection: what one request brought is not there for the next.
      for (const headers of [`${debug}x-tenant: one\r\n`, "x-tenant: two\r\n", `${ids}x-b3-sampled: 1\r\n`]) {
        const served = handled.length + 1;
        client.send(`GET / HTTP/1.1\r\nhost: shop\r\n${headers}\r\n`);
        while (handled.length < served || sent.length < 2 * served) await new Promise(setImmediate);
      }
      client.leave();
      while (spans.length < 3 + 2 * 6) await new Promise(setImmediate); // or they end in the next test
      const none = [undefined, undefined, "1"];
      assert.deepEqual(handled, publicEndpoint ? [undefined, undefined, undefined] : ["one", "two", undefined]);
      const expected = publicEndpoint ? [none, none, none] : [["one", "1", undefined], ["two", undefined, "1"], none];
      assert.deepEqual(
        sent,
        expected.flatMap((one) => [one, one]),
      );
    });
  }

  test("what begins without a caller, or leaves one, is without what a propagator read of it", () => {
    tracing = initTracing(ours.openTelemetryBinding({ provider, httpHeadersPropagator: TENANT_PROPAGATOR }));
    const { tracer, scopeManager } = tracing;
    const sent = (span: Span): unknown => {
      const carrier: Record<string, unknown> = {};
      tracer.inject(span, FORMAT_HTTP_HEADERS, carrier);
      return carrier["x-tenant"];
    };
    const here = (): unknown => api.context.active().getValue(TENANT);
    const caller = tracer.extract(FORMAT_HTTP_HEADERS, { "x-tenant": "one" })!;
    const request = tracer.startSpan("request", { childOf: caller });
    scopeManager.run(request, () => {
      const job = tracer.startSpan("job");
      assert.deepEqual([sent(request), here(), sent(job)], ["one", "one", undefined]);
      assert.deepEqual(
        [scopeManager.run(job, here), scopeManager.run(undefined, here), here()],
        [undefined, undefined, "one"],
      );
      job.finish();
    });
    request.finish();
  });

  test("a caller that is not trusted is linked to: neither its trace nor its baggage is continued", async (t) => {
    spans = [];
    tracing = initTracing({ ...ours.openTelemetryBinding({ provider }), publicEndpoint: true });
    const seen: unknown[] = [];
    const url = await serve(t, (_request, response) => {
      seen.push(api.propagation.getActiveBaggage());
      response.end();
    });
    const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    const headers = { traceparent: `00-${traceId}-${spanId}-00`, baggage: "user=ada" };
    const { port } = new URL(url);
    const client = await RawClient.connect(Number(port));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n${lines.join("")}\r\n`);
    await client.end();
    while (spans.length === 0) await new Promise(setImmediate);
    const [{ links, parentSpanContext } = spans[0]!] = spans;
    assert.deepEqual([parentSpanContext, seen], [undefined, [undefined]]);
    assert.deepEqual(
      links.map(({ context, attributes }) => [context.traceId, context.spanId, { ...attributes }]),
      [[traceId, spanId, {}]],
    );
  });

  test("without a context manager there is a word", async () => {
    resetDiagnostics();
    api.context.disable();
    try {
      const scope = new ours.OpenTelemetryScopeManager();
      assert.equal(
        scope.run(undefined, () => 1),
        1,
      );
      assert.deepEqual(diagnostics(), { "settings.ignored": 1 });
    } finally {
      const { AsyncLocalStorageContextManager } = sdk.require("@opentelemetry/context-async-hooks");
      api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    }
  });

  test("a wrong option of the binding is refused in a sentence", () => {
    assert.throws(() => ours.openTelemetryBinding({ providers: provider } as never), /did you mean "provider"\?/);
  });
}

/** Its methods, to be called as they are. */
function bound(tracing: Tracing): Pick<Tracing, "startActiveSpan" | "activeSpan"> {
  return { startActiveSpan: tracing.startActiveSpan.bind(tracing), activeSpan: tracing.activeSpan.bind(tracing) };
}

async function serve(t: { after(fn: () => void): void }, listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, "127.0.0.1");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return addressOf(server);
}

/** The same by what the client speaks. */
async function serveFor(
  t: { after(fn: () => void): void },
  { protocol, tls }: ContractClient,
  listener: (request: Pick<http.IncomingMessage, "headers">, response: { end(): unknown }) => void,
): Promise<string> {
  const http1 = protocol !== "h2";
  const server = tls
    ? http1
      ? https.createServer(tls, listener)
      : http2.createSecureServer(tls, listener)
    : http1
      ? http.createServer(listener)
      : http2.createServer(listener);
  const sockets = new Set<Duplex>();
  server.on(tls ? "secureConnection" : "connection", (socket: Duplex) => sockets.add(socket));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return addressOf(server.listen(0, "127.0.0.1"), tls ? "https" : "http");
}

async function addressOf(server: net.Server, scheme = "http"): Promise<string> {
  await once(server, "listening");
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
