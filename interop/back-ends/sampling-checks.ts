// Holds the sampler that asks a sampling manager to the strategies of a real one.

import assert from "node:assert/strict";
import { MemoryReporter } from "node-opentracing";
import { initTracer } from "node-opentracing/jaeger";
import type { Row, Stage } from "../part.js";
import { eventually } from "./eventually.js";
import type { Jaeger } from "./jaeger.js";

/** A row for each kind of strategy in the manager's file, and what Jaeger shows of the decision. */
export async function checkSampling(stage: Stage, jaeger: Jaeger): Promise<void> {
  const row = (kind: string, what: string): Row => ({
    peer: "Jaeger",
    format: `sampling ${kind}`,
    direction: "peer → ours",
    what,
  });
  const check = (kind: string, serviceName: string, compare: (recorded: Recorded) => void) =>
    stage.check(row(kind, "followed"), () => following(jaeger, serviceName, compare));

  await check("by operation", "by-operation", (recorded) => {
    assert.equal(recorded("POST /orders", 200), 200);
    assert.equal(recorded("GET /health", 200), 0);
    assertShare(recorded("any other", 2000), 0.25, 2000);
  });
  await check("by rate", "limited", (recorded) => {
    const began = performance.now();
    const count = recorded("any", 1000);
    const most = 7 + Math.ceil((7 * (performance.now() - began)) / 1000);
    assert.ok(count >= 7 && count <= most, `${count} were recorded, of 7 a second and ${most} in this time`);
  });
  await check("by default", "unknown", (recorded) => assertShare(recorded("any", 2000), 0.5, 2000));
  await stage.check(row("by operation", "attributes"), () => checkTags(jaeger));
}

/** Begins so many traces with a root of that name, and tells how many of them were recorded. */
type Recorded = (name: string, traces: number) => number;

/** Runs once the sampling manager has answered. */
async function following(jaeger: Jaeger, serviceName: string, compare: (recorded: Recorded) => void): Promise<void> {
  const reporter = new MemoryReporter();
  const tracer = await answered((onSamplerUpdate) =>
    initTracer({ serviceName, sampler: remote(jaeger) }, { reporter, onSamplerUpdate }),
  );
  try {
    compare((name, traces) => {
      reporter.clear();
      for (let i = 0; i < traces; i++) tracer.startSpan(name).finish();
      return reporter.spans.length;
    });
  } finally {
    await closed(tracer);
  }
}

/** Jaeger shows in a root's tags why it was recorded. */
async function checkTags(jaeger: Jaeger): Promise<void> {
  const collectorEndpoint = `http://127.0.0.1:${jaeger.ports.otlpHttp}/v1/traces`;
  const config = { serviceName: "by-operation", sampler: remote(jaeger), reporter: { collectorEndpoint } };
  const tracer = await answered((onSamplerUpdate) => initTracer(config, { onSamplerUpdate }));
  const span = tracer.startSpan("POST /orders");
  span.finish();
  await closed(tracer);
  const read = await eventually("the sampled span", async () => {
    const [first] = await jaeger.otlpTrace(span.context().toTraceId().padStart(32, "0"));
    return first;
  });
  assert.equal(read.attributes["sampler.type"], "probabilistic");
  assert.equal(read.attributes["sampler.param"], 1n);
}

type JaegerTracer = ReturnType<typeof initTracer>;

/** The tracer, once it has been told how to sample. */
async function answered(make: (onSamplerUpdate: () => void) => JaegerTracer): Promise<JaegerTracer> {
  let tracer: JaegerTracer | undefined;
  await new Promise<void>((resolve) => {
    tracer = make(resolve);
  });
  return tracer!;
}

function closed(tracer: JaegerTracer): Promise<void> {
  return new Promise((resolve) => tracer.close(resolve));
}

function remote({ ports }: Jaeger): { type: string; param: number; host: string; port: number } {
  return { type: "remote", param: 0, host: "127.0.0.1", port: ports.sampling };
}

/** Seven standard deviations of a fair draw: once in 400 billion runs beyond. */
function assertShare(recorded: number, share: number, traces: number): void {
  const far = 7 * Math.sqrt(traces * share * (1 - share));
  assert.ok(Math.abs(recorded - share * traces) <= far, `${recorded} of ${traces} is no share of ${share}`);
}
