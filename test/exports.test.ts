// The written-out list of public names: adding or losing one is a decision, not an accident.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as main from "node-opentracing";
import * as express from "node-opentracing/express";
import * as h3 from "node-opentracing/h3";
import * as hono from "node-opentracing/hono";
import * as jaeger from "node-opentracing/jaeger";
import * as koa from "node-opentracing/koa";
import * as nest from "node-opentracing/nest";
import * as opentelemetry from "node-opentracing/opentelemetry";
import * as testing from "node-opentracing/testing";
import * as tornado from "node-opentracing/tornado";
import { installInto, packed } from "./packed.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

const MAIN = [
  "ALWAYS",
  "AsyncScopeManager",
  "BaggagePropagator",
  "ConsoleReporter",
  "DEFAULT_REDACTED",
  "MemoryReporter",
  "MultiReporter",
  "NEVER",
  "OtlpReporter",
  "ParentBasedSampler",
  "REFERENCE_LINK",
  "RateLimitSampler",
  "RatioSampler",
  "Span",
  "SpanContext",
  "TraceContextPropagator",
  "Tracer",
  "Tracing",
  "ZipkinReporter",
  "diagnostics",
  "initClientTracing",
  "initTracing",
  "propagatorsByName",
  "traceServer",
  "traceText",
];

const TESTING = [
  "MemoryReporter",
  "RawClient",
  "clientContract",
  "contractError",
  "propagationContract",
  "serverContract",
  "spanTree",
];

test("node-opentracing exports these names", () => {
  assert.deepEqual(Object.keys(main).sort(), MAIN);
});

const TORNADO = [
  "Application",
  "AsyncHTTPClient",
  "Finish",
  "HTTPError",
  "HTTPHeaders",
  "HTTPRequest",
  "HTTPResponse",
  "HTTPServerRequest",
  "HTTPStreamClosedError",
  "HTTPTimeoutError",
  "MissingArgumentError",
  "RequestHandler",
  "StreamClosedError",
  "TornadoScopeManager",
  "TornadoTracing",
  "initClientTracing",
  "initTracing",
  "streamRequestBody",
];

test("node-opentracing/tornado exports these names", () => {
  assert.deepEqual(Object.keys(tornado).sort(), TORNADO);
});

const OPENTELEMETRY = [
  "OpenTelemetryScopeManager",
  "OpenTelemetrySpan",
  "OpenTelemetrySpanContext",
  "OpenTelemetryTracer",
  "openTelemetryBinding",
  "registerOpenTelemetry",
];

test("node-opentracing/opentelemetry exports these names", () => {
  assert.deepEqual(Object.keys(opentelemetry).sort(), OPENTELEMETRY);
});

const JAEGER = [
  "CompositeReporter",
  "ConstSampler",
  "InMemoryReporter",
  "LoggingReporter",
  "NoopReporter",
  "ProbabilisticSampler",
  "PrometheusMetricsFactory",
  "RateLimitingSampler",
  "RemoteSampler",
  "Span",
  "SpanContext",
  "TextMapCodec",
  "Tracer",
  "ZipkinB3TextMapCodec",
  "initTracer",
  "initTracerFromEnv",
  "opentracing",
];

test("node-opentracing/jaeger exports these names", () => {
  assert.deepEqual(Object.keys(jaeger).sort(), JAEGER);
});

test("node-opentracing/testing exports these names", () => {
  assert.deepEqual(Object.keys(testing).sort(), TESTING);
});

test("each framework's subpath exports these names", () => {
  assert.deepEqual(Object.keys(express), ["expressTracing"]);
  assert.deepEqual(Object.keys(koa), ["koaTracing"]);
  assert.deepEqual(Object.keys(hono), ["honoTracing"]);
  assert.deepEqual(Object.keys(h3), ["h3Tracing"]);
  assert.deepEqual(Object.keys(nest).sort(), ["Trace", "TracingModule"]);
});

test("require gives the same module as import", () => {
  const require = createRequire(import.meta.url);
  assert.equal(require("node-opentracing").initTracing, main.initTracing);
  assert.equal(require("node-opentracing/testing").spanTree, testing.spanTree);
});

test("every subpath of package.json has a built file and types", () => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(exports), [
    ".",
    "./register",
    "./express",
    "./fastify",
    "./hapi",
    "./koa",
    "./hono",
    "./h3",
    "./nest",
    "./opentelemetry",
    "./jaeger",
    "./testing",
    "./tornado",
    "./package.json",
  ]);
  for (const entry of Object.values<string | { types: string; default: string }>(exports)) {
    for (const file of typeof entry === "string" ? [entry] : [entry.types, entry.default]) {
      assert.ok(readFileSync(join(root, file), "utf8").length > 0, file);
    }
  }
});

test("a service that imports node-opentracing loads two files, and of other packages opentracing alone", () => {
  const imports = (file: string) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^(?:import|export) (?:[^"]* from )?"([^"]+)";$/gm)].map(
      ([, name]) => name!,
    );
  assert.deepEqual(imports("dist/index.js"), ["./chunks/main.js"]);
  assert.deepEqual(imports("dist/chunks/main.js"), ["opentracing", "node:module"]);
});

test("the published chunks export what published files import, and the way to the rest", () => {
  const js = packed().filter((file) => file.endsWith(".js"));
  const pairs = (list: string) => list.split(",").map((one) => one.trim().split(" as "));
  const taken = (list: string): string[] => pairs(list).map(([name]) => name!);
  const given = (list: string): string[] => pairs(list).map((pair) => pair.at(-1)!);
  const imported = new Map<string, Set<string>>();
  for (const file of js) {
    for (const [, list, from] of readFileSync(join(root, file), "utf8").matchAll(
      /^(?:import|export) \{([^}]*)\} from "(\.[^"]+)";$/gm,
    )) {
      const chunk = join(dirname(file), from!);
      imported.set(chunk, new Set([...(imported.get(chunk) ?? []), ...taken(list!)]));
    }
  }
  const chunks = js.filter((file) => file.startsWith("dist/chunks/"));
  assert.ok(chunks.length > 5);
  for (const chunk of chunks) {
    const [, list] = /^export \{([^}]*)\};$/m.exec(readFileSync(join(root, chunk), "utf8"))!;
    const exported = given(list!).filter((name) => name !== "internals");
    assert.deepEqual(exported.sort(), [...imported.get(chunk)!].sort(), chunk);
  }
});

test("Babel can make CommonJS of what a service loads, for Jest: no import.meta", () => {
  for (const file of [
    "dist/index.js",
    "dist/register.js",
    "dist/testing/index.js",
    "dist/chunks/main.js",
    "dist/chunks/testing.js",
  ]) {
    assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /\bimport\.meta\b/, file);
  }
});

test("a service without fetch does not get what fetch needs into its memory", () => {
  const program = `
    require("node:http");
    const { initTracing, MemoryReporter } = require("node-opentracing");
    initTracing({ reporter: new MemoryReporter() });
    console.log(process.moduleLoadList.filter((name) => /undici|web ?socket/i.test(name)).join());
    void fetch("data:,").then(() => console.log(process.moduleLoadList.some((name) => /undici/.test(name))));`;
  const output = execFileSync(process.execPath, ["-e", program], { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  assert.equal(output.toString(), "\ntrue\n");
});

test("what is published is ASCII, which V8 keeps and reads as one byte a character", () => {
  for (const file of packed()) {
    if (file.endsWith(".js")) assert.match(readFileSync(join(root, file), "latin1"), /^[\x00-\x7f]*$/, file);
  }
});

test("every subpath can be imported from what npm packs, and nothing else", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "node-opentracing-packed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  installInto(folder, ["@opentelemetry/api"]);
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const subpaths = Object.keys(exports).filter((one) => one !== "./package.json");
  const program = subpaths
    .map((one) => `await import(${JSON.stringify(`node-opentracing${one.slice(1)}`)});`)
    .join("\n");
  writeFileSync(join(folder, "all.mjs"), `${program}\nprocess.exit(0);`);
  execFileSync(process.execPath, ["all.mjs"], { cwd: folder, stdio: "pipe" });
});
