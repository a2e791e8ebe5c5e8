// Random headers to the reader of each format: nothing is thrown, and what is passed on is valid and reads the same.

import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { test } from "node:test";
import { MemoryReporter, type PropagatorName, type SpanContext, Tracer } from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { type SeededRandom, seededRandom } from "#src/testing/seeded-random.js";
import { DEBUG, DECISION_ONLY, hasIds, SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { stateOf, told } from "./formats.js";

const ROUNDS = 20_000;
/** The same in each run, unless FUZZ_SEED names another; printed where a round fails. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

type Make = (random: SeededRandom) => string;

/** The headers of each format, each with what makes a valid value. */
const HEADERS: Readonly<Partial<Record<PropagatorName, Readonly<Record<string, Make>>>>> = {
  b3: { b3: single },
  b3multi: {
    b3: (random) => (random.integer(3) === 0 ? single(random) : ""),
    "x-b3-traceid": traceId,
    "x-b3-spanid": spanId,
    "x-b3-sampled": (random) => random.pick(["0", "1", "true", "False", "d", ""]),
    "x-b3-flags": (random) => random.pick(["0", "1", ""]),
  },
  jaeger: {
    "uber-trace-id": (random) =>
      [traceId(random), spanId(random), random.pick(["0", SPAN]), hex(random, 1)].join(random.pick([":", "%3A"])),
    "jaeger-debug-id": (random) => random.pick(["", "", "ticket 42", "%C3%A9%"]),
    "jaeger-baggage": (random) => random.pick(["", "a=1, b=2", "a%3D1", "é=1", "a=1=2"]),
    "uberctx-user": text,
    "UBERCTX-User": text,
    "uberctx-": text,
  },
  datadog: {
    "x-datadog-trace-id": decimal,
    "x-datadog-parent-id": decimal,
    "x-datadog-sampling-priority": (random) => random.pick(["-1", "0", "1", "2", "3", "01", ""]),
    "x-datadog-origin": (random) => random.pick(["", "rum", "a=b", "a;b", "a~b", "é", "x".repeat(random.integer(300))]),
    "x-datadog-tags": (random) =>
      Array.from({ length: random.integer(6) }, () =>
        random.pick([`_dd.p.tid=${hex(random, 16)}`, "_dd.p.dm=-1", "_dd.p.a=b c ", "_dd.p.b==", "_dd.p.c:d=~", "x=y"]),
      ).join(random.pick([",", ", "])),
    "ot-baggage-user": text,
  },
  ottrace: {
    "ot-tracer-traceid": traceId,
    "ot-tracer-spanid": spanId,
    "ot-tracer-sampled": (random) => random.pick(["true", "false", "True", "1", "0", ""]),
    "ot-baggage-user": text,
  },
  xray: {
    "x-amzn-trace-id": (random) =>
      [
        random.pick([`Root=1-${hex(random, 8)}-${hex(random, 24)}`, `Root=${hex(random, 32)}`]),
        `Parent=${hex(random, 16)}`,
        `Sampled=${random.pick(["0", "1", "?", ""])}`,
        random.pick(["", "Self=1-2-3", "Lineage=a:1|b:2"]),
      ].join(random.pick([";", "; ", ";;"])),
  },
};
const SPAN = "00f067aa0ba902b7";

for (const [name, headers] of Object.entries(HEADERS)) {
  test(`${name}: ${ROUNDS} random header sets never throw, and what is passed on reads the same`, () => {
    const tracer = newTracer([name as PropagatorName]);
    let traces = 0;
    eachRound((random) => {
      const context = tracer.extract(FORMAT_HTTP_HEADERS, randomCarrier(random, headers));
      if (context === null) return;
      if (hasIds(context)) traces++;
      assertPassedOn(context, tracer, name === "ottrace");
    });
    assert.ok(traces > ROUNDS / 10, `${traces} traces: the generator must not make garbage alone`);
    assert.ok(traces < ROUNDS - ROUNDS / 10, `${traces} traces: the generator must make garbage too`);
  });
}

test("all formats at once, too", () => {
  const all = Object.keys(HEADERS) as PropagatorName[];
  const tracer = newTracer(["tracecontext", "baggage", ...all]);
  const headers = Object.assign({}, ...Object.values(HEADERS)) as Record<string, Make>;
  eachRound((random) => {
    const context = tracer.extract(FORMAT_HTTP_HEADERS, randomCarrier(random, headers));
    if (context !== null) assertValid(context, tracer);
  }, ROUNDS / 4);
});

test("a tracestate of any content makes valid Datadog headers", () => {
  const tracer = newTracer(["tracecontext", "datadog"]);
  eachRound((random) => {
    const field = (): string =>
      random.mutated(random.pick(["s:2", "o:rum", "t.dm:-4", "t.usr.id:YQ~~", "p:1", "t.:", ""]));
    const value = Array.from({ length: random.integer(9) }, field).join(random.pick([";", "; ", ";;"]));
    const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-${SPAN}-0${random.integer(2)}`;
    const context = tracer.extract(FORMAT_HTTP_HEADERS, { traceparent, tracestate: `a=1, dd=${value}` });
    assertValid(context!, tracer);
  }, ROUNDS / 4);
});

function newTracer(propagators: readonly PropagatorName[]): Tracer {
  return new Tracer({ reporter: new MemoryReporter(), propagators });
}

/** Each round has a seed of its own, so that one that fails can be repeated alone. */
function eachRound(round: (random: SeededRandom) => void, rounds = ROUNDS): void {
  for (let i = 0; i < rounds; i++) {
    try {
      round(seededRandom(SEED * ROUNDS + i));
    } catch (error) {
      throw new Error(`round ${i} failed; the seed was FUZZ_SEED=${SEED}`, { cause: error });
    }
  }
}

/** What the headers made of a context hold is what the context held, as far as the format does. */
function assertPassedOn(context: SpanContext, tracer: Tracer, isShort: boolean): void {
  const headers = assertValid(context, tracer);
  // What may get lost: the upper half of a trace id, a trace id without a lower half, and what only one header asked for.
  if (isShort && hasIds(context)) [context.traceId0, context.traceId1] = [0, 0];
  const again = tracer.extract(FORMAT_HTTP_HEADERS, headers);
  assert.deepEqual(
    Object.fromEntries(again?.baggage?.entries() ?? []),
    Object.fromEntries(context.baggage?.entries() ?? []),
  );
  if (!hasIds(context)) return;
  const { traceFlags } = context;
  const isXRay = "x-amzn-trace-id" in headers;
  const isPlain = isXRay || "ot-tracer-traceid" in headers;
  assert.equal(told(again!), told(Object.assign(context, { traceFlags: isPlain ? traceFlags & ~DEBUG : traceFlags })));
}

function assertValid(context: SpanContext, tracer: Tracer): Record<string, string> {
  const { traceFlags } = context;
  if ((traceFlags & UNDECIDED) !== 0) assert.equal(traceFlags & (SAMPLED | DEBUG | DECISION_ONLY), 0);
  if ((traceFlags & DECISION_ONLY) !== 0) assert.equal(hasIds(context), false, stateOf(traceFlags));
  const headers: Record<string, string> = {};
  tracer.inject(context, FORMAT_HTTP_HEADERS, headers);
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    assert.equal(value, value.trim());
    assert.match(value, /^[\x20-\x7e]*$/);
  }
  return headers;
}

function randomCarrier(random: SeededRandom, headers: Readonly<Record<string, Make>>): Record<string, unknown> {
  const carrier: Record<string, unknown> = {};
  for (const [name, valid] of Object.entries(headers)) {
    if (random.integer(12) === 0) continue;
    const key = random.integer(8) === 0 ? random.pick([name.toUpperCase(), random.mutated(name)]) : name;
    carrier[key] = randomValue(random, valid);
  }
  return carrier;
}

function randomValue(random: SeededRandom, valid: Make): unknown {
  switch (random.integer(24)) {
    case 0:
      return random.pick<unknown>([null, undefined, 7, true, {}, [], [[]], 7n, () => 1]);
    case 1:
      return Array.from({ length: random.integer(4) }, () => valid(random));
    case 2:
      return valid(random).repeat(random.integer(4));
    case 3:
      return Array.from({ length: random.integer(80) }, () => String.fromCharCode(random.integer(0x10000))).join("");
    case 4:
    case 5:
      return random.mutated(valid(random));
    default:
      return valid(random);
  }
}

function single(random: SeededRandom): string {
  const state = random.pick(["", "-0", "-1", "-d", `-1-${SPAN}`]);
  return random.integer(8) === 0
    ? random.pick(["0", "1", "d"])
    : `${hex(random, random.pick([16, 32]))}-${hex(random, 16)}${state}`;
}

function traceId(random: SeededRandom): string {
  return hex(random, random.pick([16, 32, 1 + random.integer(32)]));
}

function spanId(random: SeededRandom): string {
  return hex(random, random.pick([16, 1 + random.integer(16)]));
}

function hex(random: SeededRandom, length: number): string {
  const digits = Array.from({ length }, () => random.integer(16).toString(16)).join("");
  return random.integer(10) === 0 ? digits.toUpperCase() : digits;
}

function decimal(random: SeededRandom): string {
  return String((BigInt(random.integer(2 ** 32)) << BigInt(random.pick([0, 32]))) | BigInt(random.integer(2 ** 32)));
}

function text(random: SeededRandom): string {
  return random.pick([
    "alice",
    "",
    "a b",
    "50%",
    "%41",
    "%C3%A9",
    "%ff%",
    "é",
    "a,b;c=d",
    "x".repeat(random.integer(9000)),
  ]);
}
