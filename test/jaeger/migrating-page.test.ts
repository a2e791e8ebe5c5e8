// The `ts` blocks of docs/migrating.md about jaeger-client, run; and its table, compared with what there is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { initTracing } from "node-opentracing";
import { InMemoryReporter, initTracer } from "node-opentracing/jaeger";
import { FORMAT_HTTP_HEADERS } from "opentracing";

test("docs/migrating.md: the import line changes", async (t) => {
  const logged: string[] = [];
  t.mock.method(console, "log", (text: string) => void logged.push(text));
  t.mock.method(console, "info", (text: string) => void logged.push(text));
  t.mock.method(console, "error", () => {});
  const isClosed = new Promise<void>((resolve) => {
    t.mock.method(console, "log", (text: string) => {
      logged.push(text);
      resolve();
    });
  });
  const config = {
    serviceName: "my-awesome-service",
    sampler: { type: "const", param: 1 },
    reporter: { collectorEndpoint: "http://localhost:14268/api/traces" }, // means http://localhost:4318/v1/traces now
  };
  const options = { tags: { "my-awesome-service.version": "1.1.2" }, logger: console };
  const tracer = initTracer(config, options);

  const span = tracer.startSpan("say-hello");
  span.setTag("hello-to", "Bryan");
  span.log({ event: "string-format", value: "Hello, Bryan!" });
  span.finish();
  tracer.close(() => console.log("closed"));
  await isClosed;
  assert.deepEqual(logged, [
    "Initializing Jaeger Tracer with OtlpReporter(http://localhost:4318/v1/traces) and ConstSampler(always)",
    "closed",
  ]);
});

test("docs/migrating.md: both header formats, and all requests traced", async () => {
  const tracer = initTracer(
    { serviceName: "shop", sampler: { type: "probabilistic", param: 0.1 } },
    { propagators: ["tracecontext", "baggage", "jaeger"], traceId128bit: true },
  );
  const headers = {};
  tracer.inject(tracer.startSpan("s"), FORMAT_HTTP_HEADERS, headers);
  assert.deepEqual(Object.keys(headers), ["traceparent", "uber-trace-id"]);
  const tracing = initTracing({ tracer });
  assert.equal(tracing.tracer, tracer);
  await tracing.close();
  await tracer.close();
});

test("docs/migrating.md: in tests", async () => {
  const reporter = new InMemoryReporter();
  const tracer = initTracer({ serviceName: "shop", sampler: { type: "const", param: 1 } }, { reporter });
  tracer.startSpan("buy").setTag("price", 7).finish();
  assert.equal(reporter.spans[0]?.operationName, "buy");
  await tracer.close();
});

test("docs/migrating.md: every option and variable that the code knows is in the table", () => {
  const page = readFileSync(join(process.cwd(), "docs/migrating.md"), "utf8");
  const source = (name: string): string => readFileSync(join(process.cwd(), "src/jaeger", name), "utf8");
  const options = [...source("config.ts").matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1]!);
  assert.ok(options.length > 25);
  for (const name of options) assert.match(page, new RegExp(`[.\`]${name}\``), name);
  const variables = [...source("environment.ts").matchAll(/"(JAEGER_\w+)"/g)].map((match) => match[1]!);
  for (const name of new Set(variables)) {
    const short = name.replace("JAEGER_REPORTER_PASSWORD", "_PASSWORD");
    assert.ok(page.includes(`\`${short}\``), name);
  }
});
