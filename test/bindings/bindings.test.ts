// The tracers that are known by name: what they are asked with, and what is said where that is wrong.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { initTracing, Tracing } from "node-opentracing";
import { Application } from "node-opentracing/tornado";
import { initGlobalTracer, MockTracer, Tracer as NoopTracer } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { makeTracer } from "#src/tracer-callable.js";
import { datadogFolder } from "./datadog.js";
import { installed } from "./protocols.js";

const before = process.cwd();
const empty = mkdtempSync(join(tmpdir(), "bindings-"));
const variables = { ...process.env };
beforeEach(() => {
  process.chdir(installed);
  resetDiagnostics();
});
afterEach(() => {
  process.env = { ...variables };
});
after(() => {
  process.chdir(before);
  rmSync(empty, { recursive: true });
});

/** jaeger-client that sends nothing: nobody listens there, and there are no spans. */
const JAEGER = {
  sampler: { type: "const", param: 1 },
  reporter: { collectorEndpoint: "http://127.0.0.1:9/api/traces" },
};

interface Named {
  readonly _serviceName: string;
}

test("a tracer that is not installed: the error says what to install", () => {
  process.chdir(empty);
  for (const [name, wanted] of [
    ["jaeger-client:initTracer", "jaeger-client"],
    ["dd-trace", "dd-trace"],
    ["lightstep-tracer:Tracer", "lightstep-tracer"],
    ["zipkin-javascript-opentracing", "zipkin-javascript-opentracing"],
  ] as const) {
    assert.throws(() => makeTracer(name, undefined), {
      message: `tracerCallable: ${wanted} is not installed; run: npm install ${wanted}`,
    });
  }
});

test("wrong parameters: a sentence that says what to write instead", () => {
  process.chdir(datadogFolder());
  assert.throws(() => makeTracer("dd-trace", { service: 7 }), /tracerParameters of dd-trace: service must be a text/);
  assert.throws(() => makeTracer("dd-trace", { url: "agent:8126" }), /url must be an http or https URL.*, not a text$/);
  assert.throws(() => makeTracer("dd-trace", [{}, {}]), /there is one argument, an object of options/);
  process.chdir(installed);
  for (const [parameters, sentence] of [
    [{ servicename: "a" }, /tracerParameters of jaeger-client: .*did you mean "serviceName"/],
    [{ reporter: { collectorEndpoint: "jaeger:14268" } }, /reporter.collectorEndpoint must be an http or https URL/],
    [{ reporter: "http://user:pass@jaeger/" }, /reporter must be an object, not a text$/],
    [{ sampler: { type: "const", param: "1" } }, /sampler.param must be a number/],
    [
      { sampler: { type: "constant", param: 1 } },
      /sampler.type must be one of const, probabilistic, ratelimiting, remote/,
    ],
    [
      { reporter: { collectorEndpont: "http://a" } },
      /"reporter.collectorEndpont"; did you mean "reporter.collectorEndp/,
    ],
    [{ sampler: "const" }, /sampler must be an object, not "const"/],
    [{ reporter: { agentPort: "6832", username: null }, sampler: { param: 2 ** 31 }, other: 1 }, /no option "other"/],
    [[{}, "options"], /the second argument must be an object of options/],
    [[{}, {}, {}], /there are two arguments, its config and its options/],
  ] as const) {
    assert.throws(() => makeTracer("jaeger-client:initTracer", parameters), sentence);
  }
  for (const [parameters, sentence] of [
    [{ acces_token: "a" }, /tracerParameters of lightstep-tracer: .*did you mean "access_token"/],
    [[{}, {}], /there is one argument/],
  ] as const) {
    assert.throws(() => makeTracer("lightstep-tracer:Tracer", parameters), sentence);
  }
  for (const [parameters, sentence] of [
    [{ endpoint: "zipkin:9411" }, /tracerParameters of zipkin-javascript-opentracing: endpoint must be an http/],
    [{ kind: "internal" }, /kind must be "local", "client" or "server"/],
    [{ headers: "api-key=abc" }, /headers must be .*, not a text$/],
    [{ recorder: {} }, /there is no option "recorder"/],
  ] as const) {
    assert.throws(() => makeTracer("zipkin-javascript-opentracing", parameters), sentence);
  }
  assert.throws(() => makeTracer("opentracing:MockTracer", { a: 1 }), /there is no option "a"; there is none/);
  assert.throws(() => makeTracer("opentelemetry", [{}, {}]), /there is one argument, an object of options/);
  assert.throws(() => makeTracer("opentelemetry", { stableName: true }), /did you mean "stableNames"\?/);
});

test("the service's name: the tracer's parameters, else the setting, else OTEL_SERVICE_NAME", async () => {
  process.env["OTEL_SERVICE_NAME"] = "by environment";
  const nameWith = async (settings: { serviceName?: string }, parameters: object): Promise<string> => {
    const tracerCallable = "jaeger-client:initTracer";
    const tracing = initTracing({ ...settings, tracerCallable, tracerParameters: { ...JAEGER, ...parameters } });
    await tracing.close();
    return (tracing.tracer as unknown as Named)._serviceName;
  };
  assert.equal(await nameWith({ serviceName: "by setting" }, { serviceName: "by parameters" }), "by parameters");
  assert.equal(await nameWith({ serviceName: "by setting" }, {}), "by setting");
  assert.equal(await nameWith({}, {}), "by environment");
  delete process.env["OTEL_SERVICE_NAME"];
  assert.equal(await nameWith({}, {}), "unknown_service:node");
  assert.equal(await nameWith({ serviceName: "by setting" }, { serviceName: undefined }), "by setting");
  assert.deepEqual(diagnostics(), {}, "no setting was ignored");
});

test("a name that is undefined among the parameters is none: the setting counts", async () => {
  interface Lightstep {
    options(): { component_name: string };
  }
  const lightstep = makeTracer("lightstep-tracer", { component_name: undefined, disabled: true }, "shop");
  assert.equal((lightstep as unknown as Lightstep).options().component_name, "shop");
  const jaeger = makeTracer("jaeger-client:initTracerFromEnv", { ...JAEGER, serviceName: undefined }, "shop");
  assert.equal((jaeger as unknown as Named)._serviceName, "shop");
  assert.doesNotThrow(() => makeTracer("zipkin-javascript-opentracing", { serviceName: undefined }, "shop"));
});

test("settings that the tracer makes no use of are told", async () => {
  const ignored = async (settings: object): Promise<number | undefined> => {
    resetDiagnostics();
    await initTracing(settings).close();
    return diagnostics()["settings.ignored"];
  };
  assert.equal(await ignored({ tracerCallable: "opentelemetry" }), undefined);
  assert.equal(await ignored({ tracerCallable: "opentelemetry", serviceName: "shop" }), 1);
  assert.equal(await ignored({ tracerParameters: { a: 1 } }), 1);
  assert.equal(await ignored({ tracerParameters: { a: 1 }, tracer: new MockTracer() }), 1);
  assert.equal(await ignored({ tracerCallable: "dd-trace", tracer: new MockTracer() }), 1);
  process.env["OPENTRACING_TRACER_PARAMETERS"] = "{}";
  assert.equal(await ignored({}), 1);
  assert.equal(
    await ignored({ tracerCallable: "opentracing:MockTracer" }),
    undefined,
    "code wins over the environment",
  );
});

test("code comes before environment: a setting and a global tracer win over OPENTRACING_TRACER", async () => {
  process.env["OPENTRACING_TRACER"] = "jaeger-client:initTracer";
  process.env["OPENTRACING_TRACER_PARAMETERS"] = JSON.stringify(JAEGER);
  const tracerOf = async (settings: object): Promise<string> => {
    const tracing = initTracing(settings);
    await tracing.close();
    return tracing.tracer.constructor.name;
  };
  assert.equal(await tracerOf({ tracerCallable: "opentracing:MockTracer" }), "MockTracer");
  const mine = new MockTracer();
  initGlobalTracer(mine);
  const tracing = initTracing();
  tracing.tracer.startSpan("mine").finish();
  await tracing.close();
  assert.equal(mine.report().spans.length, 1);
  initGlobalTracer(new NoopTracer());
  assert.equal(await tracerOf({ serviceName: "a" }), "Tracer");
  assert.deepEqual(diagnostics(), {});
});

test("OPENTRACING_TRACER that cannot be bound: an error where it is read", () => {
  process.env["OPENTRACING_TRACER"] = "no-such-tracer:make";
  assert.throws(() => initTracing(), /the module "no-such-tracer" cannot be loaded/);
});

test("any Tracing over a bound tracer knows how to flush it and what is active, in any number of calls", async () => {
  const tracer = makeTracer("jaeger-client:initTracer", JAEGER);
  const one = new Tracing(tracer);
  tracer.startSpan("lost").finish();
  await new Tracing(tracer).flush(50);
  await one.close();
  await one.flush();
  assert.equal(diagnostics()["report.send_failed"], 1);
});

test("a back end that never answers: a flush with a limit ends in time", async () => {
  const silent = net.createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as net.AddressInfo;
  for (const [name, parameters] of [
    ["jaeger-client", { ...JAEGER, reporter: { collectorEndpoint: `http://127.0.0.1:${port}/api/traces` } }],
    ["lightstep-tracer", { collector_host: "127.0.0.1", collector_port: port, collector_encryption: "none" }],
    ["zipkin-javascript-opentracing", { endpoint: `http://127.0.0.1:${port}` }],
  ] as const) {
    const tracing = new Tracing(makeTracer(name, parameters, "shop"));
    const connected = once(silent, "connection") as Promise<[net.Socket]>;
    tracing.tracer.startSpan("kept").finish();
    await tracing.flush(20);
    const [socket] = await connected;
    socket.destroy();
    await tracing.flush(); // now it is over
  }
  silent.close();
});

test("Tornado's opentracingTracerCallable takes the same names", async () => {
  const app = new Application([], {
    opentracingTracerCallable: "jaeger-client:initTracer",
    opentracingTracerParameters: { ...JAEGER, serviceName: "shop" },
  });
  const { tracer } = app.settings.opentracingTracing as Tracing;
  assert.equal((tracer as unknown as Named)._serviceName, "shop");
  await app.close();
  assert.deepEqual(diagnostics(), {});
});
