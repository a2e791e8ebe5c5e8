// Random carriers through the tracer: nothing is thrown, and what is passed on is safe and stable.

import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { test } from "node:test";
import { MemoryReporter, type SpanContext, Tracer } from "node-opentracing";
import { FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from "opentracing";
import { type SeededRandom, seededRandom } from "#src/testing/seeded-random.js";

const ROUNDS = 100_000;
/** The same in each run, unless FUZZ_SEED names another; printed where a round fails. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

const tracer = new Tracer({ reporter: new MemoryReporter() });

test("100,000 random header sets: never a throw, and what is passed on is valid and reads the same", () => {
  let contexts = 0;
  eachRound((random) => {
    const carrier = randomCarrier(random);
    const results = [FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP].map((format) => tracer.extract(format, carrier));
    assert.deepEqual(results[0], results[1]);
    if (results[0] !== null) {
      contexts++;
      assertPassedOn(results[0]!);
    }
  });
  assert.ok(contexts > ROUNDS / 10, `${contexts} contexts: the generator must not make garbage alone`);
  assert.ok(contexts < ROUNDS - ROUNDS / 10, `${contexts} contexts: the generator must make garbage too`);
});

test("100,000 random buffers: never a throw, and what is passed on is valid and reads the same", () => {
  let contexts = 0;
  eachRound((random) => {
    const context = tracer.extract(FORMAT_BINARY, { buffer: randomBuffer(random) });
    if (context === null) return;
    contexts++;
    assertPassedOn(context);
  });
  assert.ok(contexts > ROUNDS / 10, `${contexts} contexts: the generator must not make garbage alone`);
});

/** Each round has a seed of its own, so that one that fails can be repeated alone. */
function eachRound(round: (random: SeededRandom) => void): void {
  for (let i = 0; i < ROUNDS; i++) {
    try {
      round(seededRandom(SEED * ROUNDS + i));
    } catch (error) {
      throw new Error(`round ${i} failed; the seed was FUZZ_SEED=${SEED}`, { cause: error });
    }
  }
}

function assertPassedOn(context: SpanContext): void {
  const { baggage } = context;
  const hasTrace = context.toTraceId() !== "";
  assert.match(context.toTraceId(), hasTrace ? /^(?!0{32})[0-9a-f]{32}$/ : /^$/);
  assert.match(context.toSpanId(), hasTrace ? /^(?!0{16})[0-9a-f]{16}$/ : /^$/);
  assert.ok(hasTrace || baggage !== undefined);
  for (const item of baggage?.entries() ?? []) for (const text of item) assert.equal(typeof text, "string");

  const headers: Record<string, string> = {};
  tracer.inject(context, FORMAT_HTTP_HEADERS, headers);
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    assert.equal(value, value.trim());
  }
  const carrier = {};
  tracer.inject(context, FORMAT_BINARY, carrier);
  for (const again of [tracer.extract(FORMAT_HTTP_HEADERS, headers), tracer.extract(FORMAT_BINARY, carrier)]) {
    assert.deepEqual({ ...again, baggage: again?.baggage?.header }, { ...context, baggage: baggage?.header });
  }
}

function randomCarrier(random: SeededRandom): Record<string, unknown> {
  const carrier: Record<string, unknown> = {};
  for (const [name, valid] of [
    ["traceparent", traceparent],
    ["tracestate", traceState],
    ["baggage", baggageHeader],
  ] as const) {
    if (random.integer(8) === 0) continue;
    carrier[random.integer(6) === 0 ? randomCase(random, name) : name] = randomValue(random, valid);
  }
  if (random.integer(3) === 0) carrier[random.mutated("traceparent")] = randomValue(random, traceparent);
  return random.integer(10) === 0 ? Object.assign(Object.create(null), carrier) : carrier;
}

function randomValue(random: SeededRandom, valid: (random: SeededRandom) => string): unknown {
  switch (random.integer(12)) {
    case 0:
      return random.pick<unknown>([null, undefined, 0, 1, true, Number.NaN, {}, [], [[]], 7n, () => 1, new Date(0)]);
    case 1:
      return Array.from({ length: random.integer(4) }, () => valid(random));
    case 2:
      return [valid(random), random.pick<unknown>([null, 7, {}, []])].slice(random.integer(2));
    case 3:
      return randomText(random, random.integer(100));
    case 4:
      return random.integer(50) === 0 ? randomText(random, 20_000) : valid(random).repeat(random.integer(4));
    case 5:
      return random.mutated(random.mutated(valid(random)));
    case 6:
    case 7:
      return random.mutated(valid(random));
    default:
      return valid(random);
  }
}

function randomBuffer(random: SeededRandom): unknown {
  const headers: Record<string, unknown> = { baggage: baggageHeader(random) };
  if (random.integer(4) !== 0) headers["traceparent"] = traceparent(random);
  if (random.integer(2) === 0) headers["tracestate"] = traceState(random);
  const carrier: { buffer?: Uint8Array } = {};
  const context = tracer.extract(FORMAT_HTTP_HEADERS, headers);
  if (context !== null) tracer.inject(context, FORMAT_BINARY, carrier);
  const bytes = carrier.buffer ?? new Uint8Array(26);
  switch (random.integer(6)) {
    case 0:
      return bytes.subarray(0, random.integer(bytes.length + 1));
    case 1:
      return Uint8Array.from({ length: random.integer(60) }, () => random.integer(256));
    case 2:
      return Array.from(bytes, (byte) => (random.integer(100) === 0 ? random.pick([256, -1, 0.5, "x", null]) : byte));
    case 3:
      return bytes.map((byte) => (random.integer(20) === 0 ? random.integer(256) : byte));
    case 4:
      return random.pick<unknown>([null, undefined, "text", 7, {}, [], new Array(30), new Float32Array(30)]);
    default:
      return bytes;
  }
}

function traceparent(random: SeededRandom): string {
  const hex = (length: number): string => Array.from({ length }, () => random.integer(16).toString(16)).join("");
  const version = random.integer(4) === 0 ? hex(2) : "00";
  return `${version}-${hex(32)}-${hex(16)}-${hex(2)}${version !== "00" && random.integer(2) === 0 ? "-more" : ""}`;
}

function traceState(random: SeededRandom): string {
  const member = (): string =>
    `${random.pick(["a", "rojo", "1x@y", ""])}${random.integer(99)}=${random.pick(["1", " x", "a/b:c", "~"])}`;
  return Array.from({ length: random.integer(35) }, member).join(random.pick([",", ", ", " ,\t", ",,"]));
}

function baggageHeader(random: SeededRandom): string {
  const member = (): string =>
    `${random.pick(["k", "user", "%20", "!#"])}${random.integer(9)}=${random.pick(["v", "", "a=b", "%C3%A9", "%ff%", "é"])}${random.pick(["", ";p", ";p=1;q", ";"])}`;
  return Array.from({ length: 1 + random.integer(random.integer(10) === 0 ? 70 : 4) }, member).join(
    random.pick([",", ", ", " ,\t"]),
  );
}

function randomText(random: SeededRandom, length: number): string {
  const limit = random.pick([0x20, 0x80, 0x100, 0x10000]);
  return Array.from({ length }, () => String.fromCharCode(random.integer(limit))).join("");
}

function randomCase(random: SeededRandom, name: string): string {
  return Array.from(name, (letter) => (random.integer(2) === 0 ? letter.toUpperCase() : letter)).join("");
}
