// Sampling as a sampling manager says, over HTTP: what is asked, what is understood, what is kept when it fails.

import assert from "node:assert/strict";
import type http from "node:http";
import { type TestContext, test } from "node:test";
import { initTracing, MemoryReporter, Tracer } from "node-opentracing";
import {
  type JaegerSampler,
  ProbabilisticSampler,
  RemoteSampler,
  type RemoteSamplerOptions,
} from "node-opentracing/jaeger";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { SpanContext } from "#src/tracer/span-context.js";
import { silenceBy } from "#src/untraced.js";
import { closedEndpoint, startBackEnd } from "../report/back-end.js";
import { inside } from "./libraries.js";

const SHARE = { strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate: 0.5 } };
const RATE = { strategyType: "RATE_LIMITING", rateLimitingSampling: { maxTracesPerSecond: 7 } };
const OPERATIONS = {
  strategyType: "PROBABILISTIC",
  operationSampling: {
    defaultSamplingProbability: 0.25,
    defaultLowerBoundTracesPerSecond: 0,
    perOperationStrategies: [{ operation: "GET /a", probabilisticSampling: { samplingRate: 1 } }],
  },
};

type Answer = object | string | ((response: http.ServerResponse) => void);

/** A manager that gives these answers in turn, the last one again and again, and a sampler that asks it. */
async function scene(t: TestContext, answers: readonly Answer[], options: Partial<RemoteSamplerOptions> = {}) {
  resetDiagnostics();
  const manager = await startBackEnd(t, (response, _received, index) => {
    const answer = answers[Math.min(index, answers.length - 1)]!;
    if (typeof answer === "function") answer(response);
    else response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  const updates: JaegerSampler[] = [];
  let wake = (): void => {};
  const sampler = new RemoteSampler("my shop", {
    hostPort: new URL(manager.endpoint).host,
    refreshInterval: 1,
    onSamplerUpdate(now) {
      updates.push(now);
      wake();
    },
    ...options,
  });
  t.after(() => sampler.close());
  return {
    manager,
    sampler,
    updates,
    async updated(count: number): Promise<string[]> {
      while (updates.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return updates.slice(0, count).map(String);
    },
  };
}

test("the service is named, and each answer followed: a share, a rate, operations", async (t) => {
  const { manager, updated, sampler } = await scene(t, [SHARE, RATE, OPERATIONS]);
  assert.deepEqual(await updated(3), [
    "ProbabilisticSampler(samplingRate=0.5)",
    "RateLimitingSampler(maxTracesPerSecond=7)",
    "PerOperationSampler(maxOperations=2000)",
  ]);
  assert.equal(manager.requests[0]!.url, "/sampling?service=my+shop");
  const context = Object.assign(new SpanContext(), { traceId2: 0x7fffffff, traceId3: -1 });
  assert.deepEqual(sampler.decide(context, "GET /a"), { type: "probabilistic", param: 1 });
  assert.equal(sampler.decide(context, "GET /b"), undefined);
  assert.equal(String(sampler), "RemoteSampler(serviceName=my shop)");
});

test("jaeger-client understands the same answers in the same way", async (t) => {
  const Theirs = inside<new (name: string, options: object) => TheirRemote>("samplers/remote_sampler.js");
  interface TheirRemote {
    _sampler: object;
    _updateSampler(answer: object): boolean;
  }
  const their = new Theirs("my shop", { refreshInterval: 0 });
  const { updated } = await scene(t, [SHARE, RATE, OPERATIONS]);
  const pictures = [SHARE, RATE, OPERATIONS].map((answer) => {
    their._updateSampler(answer);
    return String(their._sampler);
  });
  assert.deepEqual(await updated(3), pictures);
});

test("numbers for the enumeration, and its zero left out, are understood", async (t) => {
  const { updated } = await scene(t, [
    { strategyType: 0, probabilisticSampling: { samplingRate: 1 } },
    { strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: 0 } },
    { probabilisticSampling: { samplingRate: 0 }, operationSampling: null },
  ]);
  assert.deepEqual(await updated(3), [
    "ProbabilisticSampler(samplingRate=1)",
    "RateLimitingSampler(maxTracesPerSecond=0)",
    "ProbabilisticSampler(samplingRate=0)",
  ]);
});

test("wrong answers are counted and change nothing, and it is asked again", async (t) => {
  const wrong: Answer[] = [
    "no JSON",
    "null",
    "[]",
    "{}",
    { strategyType: "OTHER", probabilisticSampling: { samplingRate: 1 } },
    { strategyType: "RATE_LIMITING" },
    { ...SHARE, probabilisticSampling: { samplingRate: 1.1 } },
    { ...SHARE, probabilisticSampling: { samplingRate: "1" } },
    { ...RATE, rateLimitingSampling: { maxTracesPerSecond: -1 } },
    { operationSampling: { defaultSamplingProbability: 1 } },
    { operationSampling: { ...OPERATIONS.operationSampling, perOperationStrategies: [{}] } },
    (response) => response.writeHead(500).end(JSON.stringify(SHARE)),
    (response) => response.destroy(),
    (response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("{");
      setImmediate(() => response.destroy());
    },
    (response) => response.end(`"${"x".repeat(1024 * 1024)}"`),
  ];
  const { updates, updated, manager } = await scene(t, [...wrong, RATE], { sampler: new ProbabilisticSampler(1) });
  await manager.waitFor(wrong.length);
  assert.equal(updates.length, 0);
  await updated(1);
  assert.equal(diagnostics()["sampler.refresh_failed"], wrong.length);
});

test("a logger is told, a callback that throws is counted and asked no less", async (t) => {
  const errors: string[] = [];
  const logger = { info() {}, error: (text: string) => void errors.push(text) };
  let calls = 0;
  const onSamplerUpdate = (): void => {
    calls++;
    throw new Error("callback");
  };
  const { manager } = await scene(t, ["no JSON", SHARE, SHARE, SHARE], { logger, onSamplerUpdate, metrics: {} });
  await manager.waitFor(4);
  assert.ok(calls >= 2);
  assert.ok((diagnostics()["callback.error"] ?? 0) >= 2);
  assert.equal(diagnostics()["settings.ignored"], 1);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /did not say how to sample.*it is no JSON/);
});

test("a manager that is down or slow leaves the first sampler in force", async (t) => {
  const first = new ProbabilisticSampler(1);
  const context = new SpanContext();
  const down = new RemoteSampler("s", { sampler: first, hostPort: await closedEndpoint() });
  const slow = await scene(t, [() => {}], { sampler: first });
  await slow.manager.waitFor(1);
  for (const sampler of [down, slow.sampler]) {
    assert.deepEqual(sampler.decide(context, "s"), { type: "probabilistic", param: 1 });
    sampler.close();
  }
});

test("a question that is not answered within five seconds is given up, counted, and asked again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { manager, updated } = await scene(t, [() => {}, SHARE], { refreshInterval: 1_000 });
  await manager.waitFor(1);
  t.mock.timers.tick(4_999);
  assert.equal(diagnostics()["sampler.refresh_failed"], undefined);
  assert.equal(manager.requests.length, 1, "no second question beside the first");
  t.mock.timers.tick(1);
  assert.equal(diagnostics()["sampler.refresh_failed"], 1);
  t.mock.timers.tick(1_000);
  assert.deepEqual(await updated(1), ["ProbabilisticSampler(samplingRate=0.5)"]);
});

test("its address: host and port, a URL with a path or without, another path", async (t) => {
  const { manager } = await scene(t, [SHARE], { refreshInterval: 60_000 });
  await manager.waitFor(1);
  const { port, host } = new URL(manager.endpoint);
  const urls = [
    "/sampling?service=s",
    "/sampling?service=s",
    "/sampling?service=s",
    "/a/b?service=s",
    "/api/sampling?service=s",
  ];
  const all: RemoteSamplerOptions[] = [
    { host: "127.0.0.1", port: Number(port) },
    { hostPort: host },
    { hostPort: `http://${host}` },
    { hostPort: `http://${host}/a/b` },
    { hostPort: `http://${host}/sampling`, samplingPath: "/api/sampling" },
  ];
  for (const [i, options] of all.entries()) {
    const sampler = new RemoteSampler("s", options);
    await manager.waitFor(i + 2);
    sampler.close();
  }
  assert.deepEqual(
    manager.requests.slice(1).map(({ url }) => url),
    urls,
  );
  for (const wrong of [{ hostPort: "a b" }, { hostport: "a:1" }, { port: 0 }, { refreshInterval: -1 }]) {
    assert.throws(() => new RemoteSampler("s", wrong as object), TypeError);
  }
});

test("without a port http means 5778, and https its own", async () => {
  for (const [hostPort, origin] of [
    ["127.0.0.1", "http://127.0.0.1:5778"],
    ["http://127.0.0.1", "http://127.0.0.1:5778"],
    ["http://127.0.0.1:80", "http://127.0.0.1"],
    ["https://127.0.0.1/sampling", "https://127.0.0.1"],
    ["https://127.0.0.1:5778", "https://127.0.0.1:5778"],
  ]) {
    let sampler: RemoteSampler | undefined;
    const failure = await new Promise<string>((resolve) => {
      sampler = new RemoteSampler("s", { hostPort, logger: { info() {}, error: resolve } });
    });
    sampler?.close();
    assert.ok(failure.startsWith(`${origin}/sampling did not say`), failure);
  }
});

test("interval 0 asks nothing; close ends the questions and calls back", async (t) => {
  const never = await scene(t, [SHARE], { refreshInterval: 0 });
  const { manager, sampler, updated } = await scene(t, [SHARE]);
  await updated(2);
  await new Promise<void>((resolve) => sampler.close(resolve));
  const { length } = manager.requests;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(manager.requests.length <= length + 1);
  assert.equal(never.manager.requests.length, 0);
});

test("its questions are asked in silence where others get their spans from us", async (t) => {
  let silenced = 0;
  silenceBy((send) => {
    silenced++;
    return send();
  });
  t.after(() => silenceBy(undefined));
  const { updated } = await scene(t, [SHARE]);
  await updated(2);
  assert.ok(silenced >= 2);
});

test("its questions are no part of any trace", async (t) => {
  const reporter = new MemoryReporter();
  const tracing = initTracing({ tracer: new Tracer({ reporter }) });
  t.after(() => tracing.close());
  const { manager, updated } = await scene(t, [SHARE]);
  await updated(2);
  assert.equal(manager.requests[0]!.headers["traceparent"], undefined);
  const client = reporter.spans.filter(({ tags }) => tags.includes("client"));
  assert.deepEqual(client, []);
});
