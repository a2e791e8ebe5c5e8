// What initTracer and initTracerFromEnv make of jaeger-client's configuration: what is sent where, and what is told of the rest.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { initTracing, MemoryReporter } from "node-opentracing";
import * as jaeger from "node-opentracing/jaeger";
import { initTracer, type TracingConfig, type TracingOptions } from "node-opentracing/jaeger";
import { RawClient, spanTree } from "node-opentracing/testing";
import { FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP, Tracer as NoopTracer, type SpanContext } from "opentracing";
import { type DiagnosticsMessage, diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { agentEndpoint, otlpEndpoint } from "#src/jaeger/endpoint.js";
import { readJaegerEnvironment } from "#src/jaeger/environment.js";
import { type BackEnd, startBackEnd } from "../report/back-end.js";
import { attributesOf, decodeProtobuf, spansOf } from "../report/otlp-decoder.js";
import { beside, inside, type Jaeger, theirs } from "./libraries.js";

type OurTracer = InstanceType<Jaeger["Tracer"]>;

const ALWAYS = { type: "const", param: 1 } as const;

/** The messages that are counted under a name while `run` runs. */
function told(name: string, run: () => void): string[] {
  const texts: string[] = [];
  const listener = (message: unknown): void => {
    const { name: counter, message: text } = message as DiagnosticsMessage;
    if (counter === name) texts.push(String(text));
  };
  subscribe("node-opentracing:diagnostics", listener);
  try {
    run();
  } finally {
    unsubscribe("node-opentracing:diagnostics", listener);
  }
  return texts;
}

function made(config: TracingConfig, options?: TracingOptions): OurTracer {
  return initTracer({ sampler: ALWAYS, serviceName: "shop", ...config }, options) as OurTracer;
}

/** With these variables, and no others of Jaeger's. */
function fromEnv(variables: Record<string, string>, config?: TracingConfig, options?: TracingOptions): OurTracer {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return jaeger.initTracerFromEnv(config, options) as OurTracer;
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

/** The one request that a back end has got: who sent it, and its spans. */
function only({ requests }: BackEnd) {
  assert.equal(requests.length, 1);
  const request = decodeProtobuf(requests[0]!.body);
  return {
    headers: requests[0]!.headers,
    url: requests[0]!.url,
    resource: attributesOf(request.resourceSpans[0]!.resource.attributes),
    spans: spansOf(request),
  };
}

/** The same three spans with either library. */
function work(tracer: OurTracer): void {
  const root = tracer.startSpan("root", { tags: { text: "é", count: 3, flag: true, half: 0.5 } });
  const child = tracer.startSpan("child", { childOf: root });
  child.log({ event: "x", n: 1 });
  child.finish();
  tracer.startSpan("grandchild", { childOf: child, tags: { "span.kind": "client" } }).finish();
  root.finish();
}

interface ThriftBatch {
  readonly process: { readonly serviceName: string };
  readonly spans: readonly {
    readonly operationName: string;
    readonly spanId: Buffer;
    readonly parentSpanId: Buffer;
    readonly traceIdLow: Buffer;
    readonly tags: readonly { key: string; vType: string; vStr: string; vDouble: number; vBool: boolean }[];
  }[];
}

/** What jaeger-client posts, read with the definitions that it brings. */
function decodeThrift(body: Buffer): ThriftBatch {
  const { Thrift } = beside<{ Thrift: new (options: object) => { Batch: { rw: unknown } } }>("thriftrw");
  const { fromBuffer } = beside<{ fromBuffer(rw: unknown, body: Buffer): ThriftBatch }>("bufrw");
  const source = inside<{ loadJaegerThriftDefinition(): string }>("thrift.js").loadJaegerThriftDefinition();
  return fromBuffer(new Thrift({ source, allowOptionalArguments: true }).Batch.rw, body);
}

test("over the wire: the tree and the tags that jaeger-client posts as Thrift, ours posts as OTLP", async (t) => {
  const thrift = await startBackEnd(t);
  const otlp = await startBackEnd(t);
  for (const [library, endpoint] of [
    [theirs.jaeger, thrift.endpoint.replace("/v1/traces", "/api/traces")],
    [jaeger, otlp.endpoint],
  ] as const) {
    const config = { serviceName: "shop", sampler: ALWAYS, reporter: { collectorEndpoint: endpoint } };
    const tracer = library.initTracer(config, {}) as OurTracer;
    work(tracer);
    await new Promise<void>((resolve) => void tracer.close(resolve));
  }
  const batch = decodeThrift(thrift.requests[0]!.body);
  const their = batch.spans.map(({ operationName, parentSpanId, tags }) => {
    const parent = batch.spans.find((span) => span.spanId.equals(parentSpanId))?.operationName;
    const values = tags.map(({ key, vType, vStr, vDouble, vBool }) => {
      return [key, vType === "STRING" ? vStr : vType === "BOOL" ? vBool : vDouble];
    });
    return {
      name: operationName,
      parent,
      tags: Object.fromEntries(values),
      isRoot: !/[1-9a-f]/.test(parentSpanId.toString("hex")),
    };
  });

  const { spans, resource } = only(otlp);
  assert.equal(resource["service.name"], batch.process.serviceName);
  const our = spans.map(({ name, parentSpanId, attributes, kind }) => {
    const parent = spans.find((span) => span.spanId === parentSpanId)?.name;
    // OTLP has the kind in a field of its own, and whole numbers.
    const entries = Object.entries(attributesOf(attributes)).map(([key, value]) => [
      key,
      typeof value === "bigint" ? Number(value) : value,
    ]);
    if (kind === 3) entries.push(["span.kind", "client"]);
    return { name, parent, tags: Object.fromEntries(entries), isRoot: parentSpanId === "" };
  });
  assert.deepEqual(our, their);
  assert.deepEqual(
    our.map(({ name, parent }) => [name, parent]),
    [
      ["child", "root"],
      ["grandchild", "child"],
      ["root", undefined],
    ],
  );
});

test("an address of Jaeger's own becomes the same host's OTLP address, any other stays", () => {
  for (const [given, expected] of [
    ["http://collector:14268/api/traces", "http://collector:4318/v1/traces"],
    ["http://collector:14268/api/traces?format=jaeger.thrift", "http://collector:4318/v1/traces"],
    ["https://collector/api/traces/", "https://collector:4318/v1/traces"],
    ["http://user:secret@collector:14268/api/traces", "http://user:secret@collector:4318/v1/traces"],
    ["http://collector/jaeger/api/traces", "http://collector:4318/v1/traces"],
    ["http://[::1]:14268/api/traces", "http://[::1]:4318/v1/traces"],
    ["http://collector:14268", "http://collector:4318/v1/traces"],
    ["http://collector:4318", "http://collector:4318/v1/traces"],
    ["https://otlp.example.com/", "https://otlp.example.com/v1/traces"],
    ["http://collector:4318/v1/traces", "http://collector:4318/v1/traces"],
    ["https://example.com/otlp/v1/traces?key=1", "https://example.com/otlp/v1/traces?key=1"],
    ["http://collector:14268/other", "http://collector:14268/other"],
  ]) {
    assert.equal(otlpEndpoint(given!), expected);
  }
  assert.equal(agentEndpoint("jaeger-agent"), "http://jaeger-agent:4318/v1/traces");
  assert.equal(agentEndpoint("::1"), "http://[::1]:4318/v1/traces");
  for (const wrong of ["collector:14268", "ftp://collector", "x"]) assert.throws(() => otlpEndpoint(wrong), TypeError);
  assert.throws(() => agentEndpoint("a b"), TypeError);
});

test("tags become the resource, username and password basic authentication", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = { collectorEndpoint: backEnd.endpoint, username: "ada", password: "s:cret" };
  const tags = { version: "1.1.2", n: 2, on: true, list: [1], none: undefined, date: new Date(0), hostname: "h" };
  const tracer = made({ reporter }, { tags });
  work(tracer);
  await tracer.close();
  const { headers, resource } = only(backEnd);
  assert.equal(headers["authorization"], `Basic ${Buffer.from("ada:s:cret").toString("base64")}`);
  const { version, n, on, list, date, hostname } = resource;
  assert.deepEqual(
    [version, n, on, list, date, hostname],
    ["1.1.2", 2n, true, "[1]", '"1970-01-01T00:00:00.000Z"', "h"],
  );
  assert.equal("none" in resource, false);
});

test("flushIntervalMs is how long a span waits", async (t) => {
  const backEnd = await startBackEnd(t);
  const tracer = made({ reporter: { collectorEndpoint: backEnd.endpoint, flushIntervalMs: 1 } });
  work(tracer);
  await backEnd.waitFor(1);
  await tracer.close();
});

test("timeoutMs is for one request: the logger is told what became of the spans", async (t) => {
  const backEnd = await startBackEnd(t, () => {});
  const errors: string[] = [];
  const infos: string[] = [];
  const logger = { info: (text: string) => infos.push(text), error: (text: string) => errors.push(text) };
  const reporter = { collectorEndpoint: backEnd.endpoint, timeoutMs: 1, logSpans: true };
  const tracer = made({ reporter }, { logger: logger as unknown as TracingOptions["logger"] });
  const span = tracer.startSpan("s");
  span.finish();
  await tracer.close();
  assert.equal(infos[0], `Initializing Jaeger Tracer with OtlpReporter(${backEnd.endpoint}) and ConstSampler(always)`);
  assert.equal(infos[1], `Reporting span ${span.context()}`);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /gave no answer within 1 ms/);
});

test("a logger that throws reaches nobody", async () => {
  const logger = {
    info() {
      throw new Error("info");
    },
    error() {
      throw new Error("error");
    },
  };
  const tracer = made({ reporter: { collectorEndpoint: "http://127.0.0.1:9/v1/traces", logSpans: true } }, { logger });
  work(tracer);
  await tracer.close();
});

test("what has no effect is named in one warning, with its number", async () => {
  const texts = told("settings.ignored", () => {
    const config = {
      throttler: { host: "a" },
      shareRPCSpan: true,
      typo: 1,
      reporter: {
        agentPort: 6832,
        agentSocketType: "udp4",
        agentHost: "a",
        collectorEndpoint: "http://a/x",
        username: "u",
      },
    };
    const options = {
      metrics: new jaeger.PrometheusMetricsFactory({}, "shop"),
      shareRpcSpan: true,
      hostPort: "a:1",
      other: 1,
    };
    void made(config, options).close();
    void made({}, { metrics: undefined }).close();
    const reporter = new jaeger.InMemoryReporter();
    void made({ reporter: { logSpans: true } }, { reporter, tags: { a: 1 } }).close();
  });
  assert.deepEqual(texts, [
    "node-opentracing/jaeger makes no use of config.throttler, config.shareRPCSpan, config.typo, config.reporter.agentPort, " +
      "config.reporter.agentSocketType, options.metrics, options.shareRpcSpan, options.other, " +
      "options.hostPort (beside config.sampler), config.reporter.agentHost (beside collectorEndpoint), " +
      "config.reporter.username or password (one without the other): see docs/migrating.md",
    "node-opentracing/jaeger makes no use of config.reporter (beside options.reporter), " +
      "options.tags (beside options.reporter, which knows its process itself): see docs/migrating.md",
  ]);
});

test("what is wrong throws, saying what to write instead", () => {
  const wrong: [object, object, RegExp][] = [
    [{ serviceName: undefined }, {}, /config\.serviceName must be provided/],
    [{ serviceName: 1 }, {}, /config\.serviceName must be a text/],
    [{ sampler: { type: "const", param: "1" } }, {}, /config\.sampler\.param must be a number/],
    [{ sampler: { type: "const" } }, {}, /config\.sampler\.param must be a number for the type "const"/],
    [{ sampler: { type: "other", param: 1 } }, {}, /must be one of const, probabilistic, ratelimiting, remote/],
    [{ sampler: { type: "probabilistic", param: 2 } }, {}, /from 0 to 1/],
    [{ sampler: { type: "ratelimiting", param: -1 } }, {}, /0 or more/],
    [{ sampler: { type: "remote", param: 1, port: 0 } }, {}, /config\.sampler\.port must be a port/],
    [{ reporter: { collectorEndpoint: "a:14268" } }, {}, /collectorEndpoint must be an http or https URL/],
    [{ reporter: { password: 12345 } }, {}, /config\.reporter\.password must be .*, not a number$/],
    [{ reporter: { agentHost: "a b" } }, {}, /config\.reporter\.agentHost must be a host name/],
    [{ sampler: { type: "remote", hostPort: "a b" } }, {}, /config\.sampler\.hostPort must be "host:port" or a URL/],
    [{ reporter: { flushIntervalMs: "1" } }, {}, /flushIntervalMs must be milliseconds/],
    [{ reporter: "x" }, {}, /config\.reporter must be an object/],
    [{}, { reporter: { report() {} } }, /options\.reporter must be a reporter, such as new InMemoryReporter/],
    [{}, { logger: {} }, /options\.logger must be a logger/],
    [{}, { contextKey: "my key" }, /options\.contextKey must be a name that HTTP allows/],
    [{}, { baggagePrefix: "é-" }, /options\.baggagePrefix must be a name that HTTP allows/],
    [{}, { refreshInterval: 2 ** 31 }, /options\.refreshInterval must be whole milliseconds/],
    [{}, { propagators: ["uber"] }, /options\.propagators must be/],
  ];
  for (const [config, options, message] of wrong) assert.throws(() => made(config, options), message);
});

test("null is as good as nothing, wherever it stands", async (t) => {
  const manager = await startBackEnd(t);
  const { hostname, port } = new URL(manager.endpoint);
  const nothing = (...names: string[]): object => Object.fromEntries(names.map((name) => [name, null]));
  const sampler = {
    ...nothing("param", "hostPort", "samplingPath", "refreshIntervalMs"),
    ...{ type: "remote", host: hostname, port: Number(port) },
  };
  const reporter = nothing("logSpans", "agentHost", "collectorEndpoint", "username", "password", "flushIntervalMs");
  const names = ["contextKey", "baggagePrefix", "traceId128bit", "propagators"];
  const options = nothing(...names, "tags", "logger", "reporter", "metrics", "hostPort", "host", "port", "sampler");
  const own = { reporter: new jaeger.NoopReporter(), refreshInterval: 0 };
  const tracers = [
    made({ ...nothing("disable", "traceId128bit", "throttler"), sampler, reporter }, options),
    made({ ...nothing("sampler", "reporter") }, { ...options, ...own }),
    fromEnv({ JAEGER_SERVICE_NAME: "s" }, nothing("serviceName", "sampler", "reporter"), { ...options, ...own }),
    new jaeger.Tracer("s", undefined, new jaeger.ConstSampler(true), nothing(...names)),
  ];
  for (const tracer of tracers) {
    const headers = {};
    tracer.inject(tracer.startSpan("s").setBaggageItem("a", "b"), FORMAT_HTTP_HEADERS, headers);
    assert.deepEqual(Object.keys(headers), ["uber-trace-id", "uberctx-a"]);
  }
  await manager.waitFor(1);
  assert.match(manager.requests[0]!.url, /^\/sampling\?/);
  for (const tracer of tracers) await tracer.close();
  for (const wrong of [null, undefined, "shop"]) {
    assert.throws(() => initTracer(wrong as unknown as TracingConfig), /needs a config/);
  }
});

test("disabled: the no-op tracer, which can be closed too", async () => {
  for (const tracer of [
    made({ disable: true }),
    fromEnv({ JAEGER_DISABLED: "true" }),
    fromEnv({}, { disable: true }),
  ]) {
    assert.ok(tracer instanceof NoopTracer);
    tracer.startSpan("s").finish();
    tracer.registerInjector(FORMAT_TEXT_MAP, new jaeger.TextMapCodec());
    tracer.registerExtractor(FORMAT_TEXT_MAP, new jaeger.TextMapCodec());
    await tracer.flush();
    await new Promise<void>((resolve) => void tracer.close(resolve));
  }
});

test("without a sampler the sampling manager is asked, and a thousandth recorded until it answers", async (t) => {
  const manager = await startBackEnd(t, (response) =>
    response.end(JSON.stringify({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 1 } })),
  );
  const { hostname, port } = new URL(manager.endpoint);
  const reporter = new jaeger.InMemoryReporter();
  let updated = (): void => {};
  const isUpdated = new Promise<void>((resolve) => {
    updated = resolve;
  });
  const infos: string[] = [];
  const logger = { info: (text: string) => void infos.push(text), error() {} };
  const options = { reporter, logger, host: hostname, port: Number(port), onSamplerUpdate: () => updated() };
  const tracer = initTracer({ serviceName: "shop" }, options) as OurTracer;
  assert.deepEqual(infos, ["Initializing Jaeger Tracer with MemoryReporter and RemoteSampler(serviceName=shop)"]);
  await isUpdated;
  tracer.startSpan("s").finish();
  assert.deepEqual(reporter.spans[0]!.tags, ["sampler.type", "probabilistic", "sampler.param", 1]);
  await tracer.close();
});

test("the variables are the configuration, and what is given in code wins", async (t) => {
  const backEnd = await startBackEnd(t);
  const variables = {
    JAEGER_SERVICE_NAME: "from-env",
    JAEGER_ENDPOINT: backEnd.endpoint,
    JAEGER_USER: "u",
    JAEGER_PASSWORD: "p",
    JAEGER_SAMPLER_TYPE: "const",
    JAEGER_SAMPLER_PARAM: "1",
    JAEGER_TRACEID_128BIT: "true",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable's own syntax
    JAEGER_TAGS: "region = eu,host=${SOME_HOST:a:1},home=${HOME_DIR:x},gone=${GONE},empty=${GONE:},eq=a=b",
    HOME_DIR: "/home",
  };
  const tracer = fromEnv(variables);
  work(tracer);
  await tracer.close();
  const { headers, resource, spans } = only(backEnd);
  const { region, host, home, eq } = resource;
  assert.deepEqual([resource["service.name"], region, host, home, eq], ["from-env", "eu", "a:1", "/home", "a=b"]);
  assert.deepEqual(["gone" in resource, "empty" in resource], [false, false]);
  assert.equal(headers["authorization"], `Basic ${Buffer.from("u:p").toString("base64")}`);
  assert.ok(Buffer.from(spans[0]!.traceId, "base64").some((byte, i) => i < 8 && byte !== 0));

  const reporter = new jaeger.InMemoryReporter();
  const config = { serviceName: "in-code", sampler: { type: "const", param: 0 } };
  const other = fromEnv(variables, config, { reporter, tags: { region: "us" } });
  work(other);
  await other.close();
  assert.equal(reporter.spans.length, 0);
  assert.throws(() => fromEnv({}), /serviceName must be provided/);
});

test("each variable, as configuration", () => {
  const read = (variables: Record<string, string>): unknown => {
    const { config, options } = readJaegerEnvironment(variables);
    const { sampler, reporter, ...rest } = config;
    return { ...rest, ...sampler, ...reporter, ...options };
  };
  assert.deepEqual(read({}), {});
  assert.deepEqual(
    read({
      JAEGER_AGENT_HOST: "agent",
      JAEGER_REPORTER_LOG_SPANS: "true",
      JAEGER_REPORTER_FLUSH_INTERVAL: "500",
      JAEGER_REPORTER_TIMEOUT: "100",
      JAEGER_SAMPLER_TYPE: "Remote",
      JAEGER_SAMPLER_PARAM: "0.5",
      JAEGER_SAMPLER_MANAGER_HOST_PORT: "http://jaeger:5778/sampling",
      JAEGER_SAMPLER_SAMPLING_PATH: "/api/sampling",
      JAEGER_SAMPLER_REFRESH_INTERVAL: "1000",
      JAEGER_SAMPLER_MAX_OPERATIONS: "5",
      JAEGER_DISABLED: "1",
    }),
    {
      agentHost: "agent",
      logSpans: true,
      flushIntervalMs: 500,
      timeoutMs: 100,
      type: "remote",
      param: 0.5,
      hostPort: "http://jaeger:5778/sampling",
      samplingPath: "/api/sampling",
      refreshIntervalMs: 1000,
      maxOperations: 5,
      disable: true,
    },
  );
  assert.deepEqual(read({ JAEGER_SAMPLING_ENDPOINT: "http://a:1/b" }), { hostPort: "http://a:1/b" });
  const older = told("settings.ignored", () => {
    const variables = {
      JAEGER_REPORTER_ENDPOINT: "http://a/b",
      JAEGER_SAMPLER_HOST: "a",
      JAEGER_SAMPLER_PORT: "1",
      JAEGER_DISABLE: "true",
    };
    assert.deepEqual(read(variables), { collectorEndpoint: "http://a/b", host: "a", port: 1, disable: true });
  });
  assert.match(older.join(), /older names of variables, still taken: JAEGER_REPORTER_ENDPOINT is now JAEGER_ENDPOINT/);
});

test("variables that are wrong count as unset, variables that are not used are named; neither shows a value", () => {
  const variables = {
    JAEGER_SAMPLER_TYPE: "secret",
    JAEGER_SAMPLER_PARAM: "1",
    JAEGER_ENDPOINT: "secret",
    JAEGER_REPORTER_TIMEOUT: "secret",
    JAEGER_TAGS: "secret,a=1",
    JAEGER_DISABLED: "secret",
  };
  const texts = told("environment.invalid", () => {
    const { config, options } = readJaegerEnvironment(variables);
    assert.deepEqual({ ...config, ...options }, { sampler: {}, reporter: {}, tags: { a: "1" } });
  });
  assert.equal(texts.length, 5);
  assert.equal(texts.join().includes("secret"), false);
  const unused = told("settings.ignored", () => {
    readJaegerEnvironment({ JAEGER_AGENT_PORT: "6832", JAEGER_PROPAGATION: "b3", JAEGER_RPC_METRICS: "" });
  });
  assert.deepEqual(unused, [
    "node-opentracing/jaeger does not use JAEGER_AGENT_PORT, JAEGER_PROPAGATION: see docs/migrating.md",
  ]);
});

test("a variable that names no host, or no share for the sampler it meets, counts as unset: nothing throws", () => {
  const { config } = readJaegerEnvironment({
    JAEGER_AGENT_HOST: "a b",
    JAEGER_REPORTER_AGENT_HOST: "::1",
    JAEGER_SAMPLER_MANAGER_HOST_PORT: "a b",
    JAEGER_SAMPLING_ENDPOINT: "[::1]:5778",
    JAEGER_SAMPLER_HOST: "a b",
  });
  assert.deepEqual(config, { sampler: { hostPort: "[::1]:5778" }, reporter: { agentHost: "::1" } });

  const described = (variables: Record<string, string>, sampler?: object): string => {
    const infos: string[] = [];
    const logger = { info: (text: string) => void infos.push(text), error() {} };
    const all = { JAEGER_SERVICE_NAME: "s", JAEGER_SAMPLER_REFRESH_INTERVAL: "0", ...variables };
    const config = sampler === undefined ? {} : { sampler: sampler as TracingConfig["sampler"] };
    void fromEnv(all, config, { reporter: new jaeger.NoopReporter(), logger }).close();
    return infos[0]!.slice("Initializing Jaeger Tracer with NoopReporter and ".length);
  };
  const texts = told("environment.invalid", () => {
    assert.equal(described({ JAEGER_SAMPLER_PARAM: "1.1" }), "RemoteSampler(serviceName=s)");
    assert.equal(
      described({ JAEGER_SAMPLER_TYPE: "probabilistic", JAEGER_SAMPLER_PARAM: "1.1" }),
      "RemoteSampler(serviceName=s)",
    );
    assert.equal(
      described({ JAEGER_SAMPLER_TYPE: "probabilistic", JAEGER_SAMPLER_PARAM: "1" }),
      "ProbabilisticSampler(samplingRate=1)",
    );
    // The type is the code's, and to it the parameter is right.
    assert.equal(
      described({ JAEGER_SAMPLER_TYPE: "probabilistic", JAEGER_SAMPLER_PARAM: "5" }, { type: "ratelimiting" }),
      "RateLimitingSampler(maxTracesPerSecond=5)",
    );
  });
  assert.deepEqual(texts, [
    'JAEGER_SAMPLER_PARAM must be a number from 0 to 1 beside the sampler "remote"; its value is ignored',
    'JAEGER_SAMPLER_PARAM must be a number from 0 to 1 beside the sampler "probabilistic"; its value is ignored',
    "JAEGER_SAMPLER_TYPE=probabilistic needs JAEGER_SAMPLER_PARAM; it is ignored",
  ]);
});

test("JAEGER_SAMPLER_TYPE without a parameter counts as unset: the manager is asked", async () => {
  const texts = told("environment.invalid", () => {
    const variables = { JAEGER_SERVICE_NAME: "s", JAEGER_SAMPLER_TYPE: "const", JAEGER_SAMPLER_REFRESH_INTERVAL: "0" };
    const infos: string[] = [];
    const logger = { info: (text: string) => void infos.push(text), error() {} };
    void fromEnv(variables, {}, { reporter: new jaeger.NoopReporter(), logger }).close();
    assert.match(infos[0]!, /RemoteSampler/);
  });
  assert.deepEqual(texts, ["JAEGER_SAMPLER_TYPE=const needs JAEGER_SAMPLER_PARAM; it is ignored"]);
});

test("requests of servers and clients are traced with it, in one trace by uber-trace-id", async (t) => {
  const reporter = new jaeger.InMemoryReporter();
  const tracer = made({}, { reporter });
  const tracing = initTracing({ tracer });
  t.after(() => tracing.close());
  const server = http.createServer((_request, response) => response.end("hello"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  await tracing.startActiveSpan("root", async () => (await fetch(`http://127.0.0.1:${port}/a`)).text());
  await reporter.waitFor(3);
  assert.equal(
    spanTree(reporter.spans, { tags: ["sampler.type"] }),
    `
root  sampler.type=const
  GET  client 200
    GET  server 200`,
  );

  reporter.clear();
  const client = await RawClient.connect(port);
  await client.send("GET /a HTTP/1.1\r\nhost: a\r\nuber-trace-id: abc:def:0:1\r\n\r\n").until("hello");
  await reporter.waitFor(1);
  assert.equal(String(reporter.spans[0]!.context).split(":")[0], "abc");
  await tracer.close();
});

test("other formats take the place of uber-trace-id where they are asked for", async () => {
  const tracer = made({}, { reporter: new MemoryReporter(), propagators: ["tracecontext", "jaeger"] });
  const headers: Record<string, string> = {};
  tracer.inject(tracer.startSpan("s"), FORMAT_HTTP_HEADERS, headers);
  assert.deepEqual(Object.keys(headers), ["traceparent", "uber-trace-id"]);
  const context = tracer.extract(FORMAT_TEXT_MAP, {
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  });
  assert.equal(context.toTraceId(), "4bf92f3577b34da6a3ce929d0e0e4736");
  await tracer.close();
});

test("contextKey and baggagePrefix name Jaeger's headers among other formats, too", async () => {
  const names = { contextKey: "My-Trace", baggagePrefix: "My-Ctx-" };
  const propagators = ["tracecontext", "baggage", "jaeger", "jaeger"] as const;
  const tracer = made({}, { reporter: new MemoryReporter(), ...names, propagators });
  const headers: Record<string, string> = {};
  tracer.inject(tracer.startSpan("s").setBaggageItem("user", "é"), FORMAT_HTTP_HEADERS, headers);
  assert.deepEqual(Object.keys(headers), ["traceparent", "baggage", "my-trace", "my-ctx-user"]);
  const context = tracer.extract(FORMAT_HTTP_HEADERS, { "my-trace": "abc:def:0:1", "my-ctx-user": "%C3%A9" });
  assert.deepEqual([context.toTraceId(), context.baggage?.get("user")], ["abc", "é"]);
  assert.deepEqual(tracer.headerNames, ["traceparent", "tracestate", "baggage", "my-trace"]);
  await tracer.close();
});

test("untyped callers may hand on tags that there are not", async () => {
  const reporter = new MemoryReporter();
  const tracer = made({}, { reporter });
  for (const tags of [null, undefined] as unknown as Record<string, unknown>[]) {
    tracer.startSpan("s", { tags }).addTags(tags).finish();
  }
  await tracer.close();
  assert.equal(reporter.spans.length, 2);
});

test("codecs that throw, answer nothing or are none harm nobody; what is foreign is counted", async () => {
  const tracer = made({}, { reporter: new MemoryReporter() });
  const broken = {
    inject(): void {
      throw new Error("inject");
    },
    extract(): never {
      throw new Error("extract");
    },
  };
  tracer.registerInjector("mine", broken);
  tracer.registerExtractor("mine", broken);
  const errors = told("propagation.error", () => {
    tracer.inject(tracer.startSpan("s"), "mine", {});
    assert.equal(tracer.extract("mine", {}).isValid, false);
  });
  assert.equal(errors.length, 2);
  tracer.registerExtractor("mine", { extract: () => null });
  assert.equal(tracer.extract("mine", {}).isValid, false);
  tracer.registerExtractor("mine", { extract: () => ({}) as never });
  const foreign = told("span.foreign_parent", () => {
    assert.equal(tracer.extract("mine", {}).isValid, false);
    tracer.inject(new NoopTracer().startSpan("s"), "mine", {});
  });
  assert.equal(foreign.length, 2);
  assert.throws(() => tracer.registerInjector("x", {} as never), TypeError);
  assert.throws(() => tracer.registerExtractor("x", {} as never), TypeError);
  await tracer.close();
});

test("code with the types of @types/jaeger-client compiles: the same names, codecs written against opentracing", async () => {
  const config: TracingConfig = { serviceName: "s", sampler: { type: "const", param: 1 }, shareRpcSpan: false };
  const options: TracingOptions = { reporter: new jaeger.InMemoryReporter(), tags: { a: 1 } };
  class Codec implements jaeger.Injector, jaeger.Extractor {
    inject(context: SpanContext, carrier: Record<string, string>): void {
      carrier["mine"] = String(context);
    }
    extract(carrier: Record<string, string>): SpanContext | null {
      return jaeger.SpanContext.fromString(carrier["mine"]!);
    }
  }
  const tracer: jaeger.JaegerTracer = initTracer(config, options);
  tracer.registerInjector("mine", new Codec());
  tracer.registerExtractor("mine", new Codec());
  const carrier = {};
  const span = tracer.startSpan("s");
  tracer.inject(span, "mine", carrier);
  const child = tracer.startSpan("child", { childOf: tracer.extract("mine", carrier)! });
  assert.equal(child.context().toTraceId(), span.context().toTraceId());
  await tracer.close();
});

test("a tracer made by hand: by default nothing is recorded; what it does not use is named, what is wrong throws", async () => {
  const reporter = new jaeger.InMemoryReporter();
  const never = new jaeger.Tracer("s", reporter);
  never.startSpan("s").finish();
  await never.close();
  const texts = told("settings.ignored", () => {
    new jaeger.Tracer("s", reporter, new jaeger.ConstSampler(true), { tags: {}, logger: console } as object)
      .startSpan("s")
      .finish();
  });
  assert.deepEqual(texts, [
    "new Tracer(serviceName, reporter, sampler, options) makes no use of options.tags, options.logger: see docs/migrating.md",
  ]);
  assert.equal(reporter.spans.length, 1);
  assert.throws(() => new jaeger.Tracer("s", reporter, { isSampled: () => true } as never), /one of the samplers/);
  assert.throws(() => new jaeger.Tracer("s", {} as never), /a reporter/);
});

test("a sampler whose close throws, or rejects, is counted; all the rest is closed and called back", async () => {
  const fail = (): never => {
    throw new Error("close");
  };
  for (const close of [fail, async () => fail()]) {
    resetDiagnostics();
    let isReporterClosed = false;
    const reporter = Object.assign(new jaeger.InMemoryReporter(), {
      close: async () => {
        isReporterClosed = true;
      },
    });
    const sampler = Object.assign(new jaeger.ConstSampler(true), { close });
    const tracer = new jaeger.Tracer("s", reporter, sampler);
    await new Promise<void>((resolve) => void tracer.close(resolve));
    assert.equal(isReporterClosed, true);
    assert.deepEqual(diagnostics(), { "callback.error": 1 });
  }
});

test("a name or a baggage item that has no text throws nothing, and is counted once", () => {
  resetDiagnostics();
  const reporter = new jaeger.InMemoryReporter();
  const textless = Object.create(null) as string;
  const tracer = new jaeger.Tracer("s", reporter, new jaeger.ConstSampler(true));
  tracer.startSpan(textless).setOperationName(textless).setBaggageItem(textless, textless).finish();
  assert.equal(reporter.spans[0]!.operationName, "(a value that cannot be shown)");
  assert.deepEqual(diagnostics(), { "report.encode_error": 4 });
});

test("a process that does not close its tracer still delivers its last spans, and ends", async (t) => {
  const backEnd = await startBackEnd(t);
  const child = fork(fileURLToPath(new URL("leaver.js", import.meta.url)), {
    env: { ...process.env, JAEGER_ENDPOINT: backEnd.endpoint },
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.deepEqual(
    only(backEnd).spans.map(({ name }) => name),
    ["last"],
  );
});
