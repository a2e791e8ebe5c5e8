// The environment variables of OpenTelemetry's specification.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { type Environment, readEnvironment } from "#src/environment.js";

beforeEach(resetDiagnostics);

const NOTHING: Environment = {
  isDisabled: false,
  tracer: undefined,
  tracerParameters: undefined,
  serviceName: undefined,
  resource: {},
  sampler: undefined,
  exporters: undefined,
  propagators: undefined,
  otlp: {},
  zipkin: {},
  batch: {},
  limits: {},
};

test("an empty environment says nothing, and empty variables are unset", () => {
  assert.deepEqual(readEnvironment({}), NOTHING);
  const names = [
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_EXPORTER",
    "OTEL_PROPAGATORS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_BSP_SCHEDULE_DELAY",
  ];
  assert.deepEqual(readEnvironment(Object.fromEntries(names.map((name) => [name, " "]))), NOTHING);
  assert.deepEqual(diagnostics(), {});
});

test("everything that there is", () => {
  const environment = readEnvironment({
    OTEL_SDK_DISABLED: "TRUE",
    OPENTRACING_TRACER: "jaeger-client:initTracer",
    OPENTRACING_TRACER_PARAMETERS: '{"sampler":{"type":"const","param":1}}',
    OTEL_SERVICE_NAME: "shop",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other, deployment.environment.name=a%2Cb%3D ,empty=,",
    OTEL_TRACES_SAMPLER: "ParentBased_TraceIdRatio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_TRACES_EXPORTER: "OTLP, console,otlp",
    OTEL_PROPAGATORS: "tracecontext, B3,tracecontext",
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector:4318/base?k=v",
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b,x=1=2",
    OTEL_EXPORTER_OTLP_COMPRESSION: "GZIP",
    OTEL_EXPORTER_OTLP_TIMEOUT: "0",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: "http://zipkin:9411/api/v2/spans",
    OTEL_EXPORTER_ZIPKIN_TIMEOUT: "7",
    OTEL_BSP_SCHEDULE_DELAY: "1",
    OTEL_BSP_EXPORT_TIMEOUT: "2",
    OTEL_BSP_MAX_QUEUE_SIZE: "4",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "4",
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "5",
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "6",
    OTEL_SPAN_EVENT_COUNT_LIMIT: "0",
    OTEL_SPAN_LINK_COUNT_LIMIT: "7",
    OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: "8",
    OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: "9",
  });
  assert.deepEqual(environment, {
    isDisabled: true,
    tracer: "jaeger-client:initTracer",
    tracerParameters: { sampler: { type: "const", param: 1 } },
    serviceName: "shop",
    resource: { "service.name": "other", "deployment.environment.name": "a,b=", empty: "" },
    sampler: { root: "traceidratio", isParentBased: true, ratio: 0.25 },
    exporters: ["otlp", "console"],
    propagators: ["tracecontext", "b3"],
    otlp: {
      endpoint: "https://collector:4318/base/v1/traces?k=v",
      headers: { "api-key": "a b", x: "1=2" },
      compression: "gzip",
      timeout: 0,
      protocol: "http/json",
    },
    zipkin: { endpoint: "http://zipkin:9411/api/v2/spans", timeout: 7 },
    batch: { scheduleDelay: 1, exportTimeout: 2, maxQueueSize: 4, maxExportBatchSize: 4 },
    limits: { maxTags: 5, maxLogs: 0, maxLinks: 7, maxFields: 8, maxLinkFields: 9, maxValueLength: 6 },
  } satisfies Environment);
  assert.deepEqual(diagnostics(), {});
});

test("the service's name is OTEL_SERVICE_NAME, else service.name of the resource", () => {
  assert.equal(readEnvironment({ OTEL_RESOURCE_ATTRIBUTES: "service.name=a" }).serviceName, "a");
  assert.equal(readEnvironment({ OTEL_RESOURCE_ATTRIBUTES: "service.name=" }).serviceName, undefined);
});

test("a tracer's parameters are an object or an array in JSON; anything else warns and is left out", () => {
  const read = (json: string): unknown => readEnvironment({ OPENTRACING_TRACER_PARAMETERS: json }).tracerParameters;
  assert.deepEqual(read('[{"a":1},{}]'), [{ a: 1 }, {}]);
  for (const wrong of ["{", "null", '"a"', "7"]) assert.equal(read(wrong), undefined, wrong);
  assert.equal(diagnostics()["environment.invalid"], 4);
});

test("samplers: all six, and an argument only where there is a ratio", () => {
  for (const root of ["always_on", "always_off", "traceidratio"] as const) {
    const read = (name: string, argument?: string): unknown =>
      readEnvironment({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }).sampler;
    assert.deepEqual(read(root), { root, isParentBased: false, ratio: 1 });
    assert.deepEqual(read(`parentbased_${root}`), { root, isParentBased: true, ratio: 1 });
    assert.deepEqual(read(root, "0"), { root, isParentBased: false, ratio: root === "traceidratio" ? 0 : 1 });
  }
  assert.deepEqual(diagnostics(), {});
});

test("endpoints: the base gets a path, the one for traces is used as it is and comes first", () => {
  const read = (base: string | undefined, traces?: string): string | undefined =>
    readEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces }).otlp.endpoint;
  assert.equal(read("http://a:4318"), "http://a:4318/v1/traces");
  assert.equal(read("http://a:4318/"), "http://a:4318/v1/traces");
  assert.equal(read("http://a/b/"), "http://a/b/v1/traces");
  assert.equal(read("http://a", "http://b"), "http://b");
  assert.equal(read(undefined, "http://b/x/"), "http://b/x/");
});

test("what is said for traces comes before what is said for all signals", () => {
  const { otlp } = readEnvironment({
    OTEL_EXPORTER_OTLP_HEADERS: "a=1,b=2",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "c=3",
    OTEL_EXPORTER_OTLP_TIMEOUT: "1",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
  });
  assert.deepEqual(otlp, { headers: { c: "3" }, timeout: 2, compression: "none", protocol: "http/protobuf" });
});

test("none means none, and nothing beside others", () => {
  assert.deepEqual(readEnvironment({ OTEL_TRACES_EXPORTER: "None" }).exporters, []);
  assert.deepEqual(readEnvironment({ OTEL_PROPAGATORS: "none" }).propagators, []);
  assert.equal(diagnostics()["environment.invalid"], undefined);
  assert.deepEqual(readEnvironment({ OTEL_PROPAGATORS: "none,b3" }).propagators, ["b3"]);
  assert.equal(diagnostics()["environment.invalid"], 1);
});

const WRONG: Readonly<Record<string, readonly string[]>> = {
  OTEL_SDK_DISABLED: ["yes", "1"],
  OTEL_RESOURCE_ATTRIBUTES: ["a", "a=%", "=b", "a=1,b"],
  OTEL_TRACES_SAMPLER: ["jaeger_remote", "parentbased_", "parentbased_parentbased_always_on"],
  OTEL_TRACES_EXPORTER: ["jaeger"],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["localhost:4318", "grpc://a", "http://"],
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ["/v1/traces"],
  OTEL_EXPORTER_OTLP_HEADERS: ["secret", "a b=c", "a=%0a", "a=%zz"],
  OTEL_EXPORTER_OTLP_COMPRESSION: ["br"],
  OTEL_EXPORTER_OTLP_CERTIFICATE: ["/etc/ca.pem"],
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: ["/etc/key.pem"],
  OTEL_EXPORTER_OTLP_TIMEOUT: ["-1", "10s", "1.5", "2147483648", "0x10", "Infinity"],
  OTEL_EXPORTER_OTLP_PROTOCOL: ["grpc", "thrift"],
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: ["zipkin"],
  OTEL_BSP_MAX_QUEUE_SIZE: ["0", "many"],
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: ["0"],
  OTEL_SPAN_EVENT_COUNT_LIMIT: ["-1"],
};

for (const [name, values] of Object.entries(WRONG)) {
  test(`a wrong ${name} is counted and counts as unset`, () => {
    for (const value of values) {
      resetDiagnostics();
      assert.deepEqual(readEnvironment({ [name]: value }), NOTHING, value);
      assert.deepEqual(diagnostics(), { "environment.invalid": 1 }, value);
    }
  });
}

test("a wrong ratio is 1, and a batch larger than the queue is ignored", () => {
  for (const argument of ["1.1", "-0.1", "half"]) {
    const environment = readEnvironment({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: argument });
    assert.equal(environment.sampler?.ratio, 1);
  }
  const { batch } = readEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: "4", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "5" });
  assert.deepEqual(batch, { maxQueueSize: 4 });
  assert.deepEqual(diagnostics(), { "environment.invalid": 4 });
});

test("an exporter that is unknown leaves those that are known", () => {
  assert.deepEqual(readEnvironment({ OTEL_TRACES_EXPORTER: "jaeger,zipkin" }).exporters, ["zipkin"]);
  assert.deepEqual(diagnostics(), { "environment.invalid": 1 });
});

test("process.env is what is read by default", () => {
  process.env["OTEL_SERVICE_NAME"] = "from the process";
  try {
    assert.equal(readEnvironment().serviceName, "from the process");
  } finally {
    delete process.env["OTEL_SERVICE_NAME"];
  }
});
