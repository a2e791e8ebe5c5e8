// The samplers beside jaeger-client's own: the same decisions, the same reasons.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ConstSampler, type JaegerSampler, ProbabilisticSampler, RateLimitingSampler } from "node-opentracing/jaeger";
import { PerOperationSampler } from "#src/jaeger/per-operation-sampler.js";
import { shareOf } from "#src/jaeger/samplers.js";
import { seededRandom } from "#src/testing/seeded-random.js";
import { traceIdHex } from "#src/trace-context.js";
import { SpanContext } from "#src/tracer/span-context.js";
import { inside, theirs } from "./libraries.js";

interface TheirSampler {
  random(): number;
  isSampled(operation: string, tags: Record<string, unknown>): boolean;
}
type Constructor = new (...args: unknown[]) => TheirSampler;
const {
  ConstSampler: TheirConst,
  ProbabilisticSampler: TheirShare,
  RateLimitingSampler: TheirRate,
} = theirs.jaeger as unknown as Record<"ConstSampler" | "ProbabilisticSampler" | "RateLimitingSampler", Constructor>;

const random = seededRandom(11);

function context(): SpanContext {
  const word = (): number => random.integer(2 ** 32) | 0;
  const made = new SpanContext();
  return Object.assign(made, { traceId0: word(), traceId1: word(), traceId2: word(), traceId3: word() });
}

/** Both decisions with their reasons: `sampler.type` and `sampler.param`. */
function decisions(our: JaegerSampler, their: TheirSampler, operation = "GET", of = context()): [unknown, unknown] {
  const tags: Record<string, unknown> = {};
  their.random = () => shareOf(of);
  const isSampled = their.isSampled(operation, tags);
  const { type, param } = our.decide(of, operation) ?? {};
  const ours = type === undefined ? {} : { "sampler.type": type, "sampler.param": param };
  return [ours, isSampled ? tags : {}];
}

test("const decides always alike", () => {
  for (const decision of [true, false]) {
    const [our, their] = decisions(new ConstSampler(decision), new TheirConst(decision));
    assert.deepEqual(our, their);
    assert.equal(String(new ConstSampler(decision)), String(new TheirConst(decision)));
  }
});

test("probabilistic: for the same point between 0 and 1 the same decision, of 20,000 traces with each rate", () => {
  for (const rate of [0, 0.001, 0.1, 0.5, 0.999, 1]) {
    const [our, their] = [new ProbabilisticSampler(rate), new TheirShare(rate)];
    assert.equal(String(our), String(their));
    let sampled = 0;
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = decisions(our, their);
      assert.deepEqual(a, b);
      if (Object.keys(a as object).length > 0) sampled++;
    }
    assert.ok(Math.abs(sampled / 20_000 - rate) < 0.02, `${sampled} of 20,000 at ${rate}`);
  }
  for (const rate of [-0.1, 1.1]) {
    assert.throws(() => new ProbabilisticSampler(rate), TypeError);
    assert.throws(() => new TheirShare(rate));
  }
});

test("probabilistic chooses by the trace id as Jaeger's clients for Go and Java: low 63 bits, up to a boundary", () => {
  for (const rate of [0.001, 0.25, 0.5, 0.75]) {
    const sampler = new ProbabilisticSampler(rate);
    const most = 2n ** 63n - 1n;
    const boundary = BigInt(Math.floor(rate * 2 ** 52)) * 2n ** 11n;
    for (let i = 0; i < 20_000; i++) {
      const one = context();
      const low = BigInt(`0x${traceIdHex(one)}`) & most;
      assert.equal(sampler.decide(one) !== undefined, boundary > low);
    }
  }
});

test("ratelimiting and the lower bound: the same decisions at the same times", (t: TestContext) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const now = (): number => Date.now();
  for (const perSecond of [0, 0.5, 1, 3, 100]) {
    const our = new RateLimitingSampler(perSecond, now);
    const their = new TheirRate(perSecond, perSecond === 0 ? Number.MIN_VALUE : Math.max(1, perSecond));
    for (let i = 0; i < 3_000; i++) {
      const [a, b] = decisions(our, their);
      assert.deepEqual(a, b, `${perSecond} a second`);
      t.mock.timers.tick(random.pick([0, 0, 1, 16, 500]));
    }
  }
});

test("operations: each its rate and its lower bound, others the default, alike", (t: TestContext) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const Theirs = inside<Constructor>("samplers/per_operation_sampler.js");
  const strategies = {
    defaultSamplingProbability: 0.1,
    defaultLowerBoundTracesPerSecond: 1,
    perOperationStrategies: [
      { operation: "GET /a", probabilisticSampling: { samplingRate: 0.5 } },
      { operation: "GET /b", probabilisticSampling: { samplingRate: 0 } },
    ],
  };
  const our = new PerOperationSampler(strategies, 3, () => Date.now());
  const their = new Theirs(strategies, 3) as TheirSampler & { _samplersByOperation: Record<string, TheirBound> };
  interface TheirBound {
    _probabilisticSampler: TheirSampler;
    _lowerBoundSampler: TheirSampler;
  }
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const operation = random.pick(["GET /a", "GET /b", "GET /c", "GET /d"]);
    const of = context();
    const point = (): number => shareOf(of);
    // Their bounds begin with a random credit, ours with a full one; and each of their shares throws its own die.
    if (operation === "GET /c" && !("GET /c" in their._samplersByOperation)) their.isSampled(operation, {});
    for (const [name, bound] of Object.entries(their._samplersByOperation)) {
      bound._probabilisticSampler.random = point;
      if (!seen.has(name)) bound._lowerBoundSampler = new TheirRate(1, 1);
      seen.add(name);
    }
    (their as unknown as { _defaultSampler: TheirSampler })._defaultSampler.random = point;
    // The fourth name finds no room on either side, once the third is there.
    if (!seen.has("GET /c") && operation === "GET /d") continue;
    const [a, b] = decisions(our, their, operation, of);
    assert.deepEqual(a, b, `${operation}, number ${i}`);
    t.mock.timers.tick(random.pick([0, 1, 16]));
  }
  assert.equal(String(our), String(their));
});

test("operations that the manager names count whatever maxOperations says, from the start and after an update, alike", () => {
  const Theirs = inside<new (...args: unknown[]) => TheirSampler & { update(strategies: object): void }>(
    "samplers/per_operation_sampler.js",
  );
  const strategies = (...operations: string[]): ConstructorParameters<typeof PerOperationSampler>[0] => ({
    defaultSamplingProbability: 0,
    defaultLowerBoundTracesPerSecond: 0,
    perOperationStrategies: operations.map((operation) => ({ operation, probabilisticSampling: { samplingRate: 1 } })),
  });
  const [our, their] = [new PerOperationSampler(strategies("a", "b"), 1), new Theirs(strategies("a", "b"), 1)];
  const share = { "sampler.type": "probabilistic", "sampler.param": 1 };
  for (const [operation, expected] of [
    ["c", {}],
    ["a", share],
    ["b", share],
  ] as const) {
    assert.deepEqual(decisions(our, their, operation), [expected, expected], operation);
  }
  for (const one of [our, their]) one.update(strategies("c", "d"));
  for (const operation of ["c", "d"]) assert.deepEqual(decisions(our, their, operation), [share, share], operation);
});

test("names that the manager no longer lists stay while there is room", () => {
  const strategies = (
    least: number,
    ...operations: string[]
  ): ConstructorParameters<typeof PerOperationSampler>[0] => ({
    defaultSamplingProbability: 0,
    defaultLowerBoundTracesPerSecond: least,
    perOperationStrategies: operations.map((operation) => ({ operation, probabilisticSampling: { samplingRate: 0 } })),
  });
  const sampler = new PerOperationSampler(strategies(1, "a", "b"), 3, () => 0);
  const bound = { type: "lowerbound", param: 0 };
  sampler.update(strategies(1, "c", "d"));
  assert.deepEqual(
    ["a", "b", "c", "d", "e"].map((name) => sampler.decide(context(), name)),
    [bound, undefined, bound, bound, undefined],
  );
});

test("an update changes rates at once, and gives no second burst where the lower bound stays", () => {
  const strategies = (rate: number, bound: number): ConstructorParameters<typeof PerOperationSampler>[0] => ({
    defaultSamplingProbability: rate,
    defaultLowerBoundTracesPerSecond: bound,
    perOperationStrategies: [],
  });
  const sampler = new PerOperationSampler(strategies(0, 1), 10, () => 0);
  assert.deepEqual(sampler.decide(context(), "a"), { type: "lowerbound", param: 0 });
  assert.equal(sampler.decide(context(), "a"), undefined);
  sampler.update(strategies(0, 1));
  assert.equal(sampler.decide(context(), "a"), undefined);
  sampler.update(strategies(0, 2));
  assert.deepEqual(sampler.decide(context(), "a"), { type: "lowerbound", param: 0 });
  sampler.update(strategies(1, 2));
  assert.deepEqual(sampler.decide(context(), "a"), { type: "probabilistic", param: 1 });
});
