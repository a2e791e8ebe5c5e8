// Each header format beside the implementations of those who made it: both read what the other wrote.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropagatorName } from "node-opentracing";
import { EMPTY_BAGGAGE } from "#src/propagation/baggage.js";
import { type SeededRandom, seededRandom } from "#src/testing/seeded-random.js";
import { DEBUG, SAMPLED, spanIdHex, traceIdHex, UNDECIDED } from "#src/trace-context.js";
import { contextOf, extracted, LOW, reads, SPAN, TRACE, written } from "./formats.js";
import { ddTrace, jaegerClient, otel, otelBaggage, type Peer, type Travelling } from "./peers.js";

const CONTEXTS = 3000;

interface Pair {
  readonly format: PropagatorName;
  readonly peer: Peer;
  /** Bits of a trace id that the format holds. */
  readonly bits?: 64;
  /** What the values of baggage are made of that both sides can hold. */
  readonly baggage?: string;
}

/**
 * Anything, or what a header holds as it is. Where the other side encodes nothing, percent signs and blanks at an end are
 * beyond what both can hold: see docs/propagation.md.
 */
const ANY = 'abcXYZ019 %,;="\\é😀\n\u0000';
const PRINTABLE = 'abcXYZ019,;="\\!~:/+';

const PAIRS: readonly Pair[] = [
  { format: "b3", peer: otel("@opentelemetry/propagator-b3", "B3Propagator") },
  { format: "b3multi", peer: otel("@opentelemetry/propagator-b3", "B3Propagator", { injectEncoding: 1 }) },
  { format: "b3", peer: ddTrace("b3 single header") },
  { format: "b3multi", peer: ddTrace("b3multi") },
  { format: "jaeger", peer: otel("@opentelemetry/propagator-jaeger", "JaegerPropagator"), baggage: ANY },
  { format: "jaeger", peer: jaegerClient(), baggage: ANY },
  { format: "datadog", peer: ddTrace("datadog"), baggage: PRINTABLE },
  {
    format: "ottrace",
    peer: otel("@opentelemetry/propagator-ot-trace", "OTTracePropagator"),
    bits: 64,
    baggage: PRINTABLE,
  },
  { format: "xray", peer: otel("@opentelemetry/propagator-aws-xray", "AWSXRayPropagator") },
  { format: "tracecontext", peer: otel("@opentelemetry/core", "W3CTraceContextPropagator") },
  { format: "tracecontext", peer: ddTrace("tracecontext") },
];

for (const pair of PAIRS) {
  const { format, peer } = pair;

  test(`${format}: ${peer.name} reads what we write`, () => {
    for (const context of contexts(pair)) {
      const headers = written(format, ours(context));
      assert.deepEqual(normal(peer.read(headers)), normal(context), JSON.stringify(headers));
    }
  });

  test(`${format}: we read what ${peer.name} writes`, () => {
    for (const context of contexts(pair)) {
      const headers = peer.write(context);
      assert.deepEqual(normal(theirs(format, headers)), normal(context), JSON.stringify(headers));
    }
  });

  test(`${format}: what ${peer.name} wrote and we passed on, it reads again`, () => {
    for (const context of contexts(pair)) {
      const headers = written(format, extracted(format, peer.write(context)));
      assert.deepEqual(normal(peer.read(headers)), normal(context), JSON.stringify(headers));
    }
  });
}

for (const pair of PAIRS) {
  const { format, peer } = pair;

  test(`${format}: the headers of ${peer.name} are read in names of any case`, () => {
    const random = seededRandom(9);
    for (const context of contexts(pair, 500)) {
      const sent = peer.write(context);
      const names = Object.keys(sent).map((name) => [name, anyCase(random, name)] as const);
      const headers = Object.fromEntries(names.map(([name, other]) => [other, sent[name]!]));
      const read = theirs(format, headers);
      const items = Object.entries(read.baggage).map(([name, value]) => [name.toLowerCase(), value]);
      assert.deepEqual(
        normal({ ...read, baggage: Object.fromEntries(items) }),
        normal(context),
        JSON.stringify(headers),
      );
    }
  });
}

const b3 = otel("@opentelemetry/propagator-b3", "B3Propagator");
const b3Multi = otel("@opentelemetry/propagator-b3", "B3Propagator", { injectEncoding: 1 });

test("the debug flag goes to those who know it and comes back", () => {
  const debug = contextOf(TRACE, SPAN, SAMPLED | DEBUG);
  for (const [format, peer] of [
    ["b3", b3],
    ["b3multi", b3Multi],
    ["b3multi", ddTrace("b3multi")],
    ["jaeger", jaegerClient()],
    ["datadog", ddTrace("datadog")],
  ] as const) {
    assert.equal(reads(format, peer.passOn(written(format, debug))), `${TRACE}-${SPAN} debug`, peer.name);
  }
});

test("a decision left open goes to those who know it and comes back", () => {
  const open = contextOf(TRACE, SPAN, UNDECIDED);
  assert.equal(reads("datadog", ddTrace("datadog").passOn(written("datadog", open))), `${TRACE}-${SPAN} undecided`);
});

test("those who do not know the debug flag read a trace that is recorded", () => {
  const debug = contextOf(TRACE, SPAN, SAMPLED | DEBUG);
  for (const { format, peer } of PAIRS) assert.equal(peer.read(written(format, debug))?.sampled, true, peer.name);
});

test("those who do not know open decisions find the trace, and nobody takes an open one for yes", () => {
  const open = contextOf(TRACE, SPAN, UNDECIDED);
  for (const { format, peer } of PAIRS) {
    const read = peer.read(written(format, open));
    // OpenTelemetry's X-Ray takes no header without a decision.
    if (format === "xray") assert.equal(read, undefined);
    else assert.deepEqual([read?.traceId.slice(-16), read?.spanId, read?.sampled], [LOW, SPAN, false], peer.name);
  }
});

test("uber-trace-id with percent-encoded colons is read as by both of its other implementations", () => {
  const peers = [otel("@opentelemetry/propagator-jaeger", "JaegerPropagator"), jaegerClient()];
  for (const context of contexts({ format: "jaeger", peer: b3, baggage: ANY })) {
    const sent = written("jaeger", ours(context));
    const encoded = encodeURIComponent(sent["uber-trace-id"]!);
    assert.match(encoded, /%3A/);
    for (const colon of ["%3A", "%3a"]) {
      const headers = { ...sent, "uber-trace-id": encoded.replaceAll("%3A", colon) };
      assert.deepEqual(normal(theirs("jaeger", headers)), normal(context));
      for (const peer of peers) assert.deepEqual(normal(peer.read(headers)), normal(context), peer.name);
    }
  }
});

test("both forms of X-Ray's root are read; OpenTelemetry's propagator, which reads one, reads what we pass on", () => {
  const peer = otel("@opentelemetry/propagator-aws-xray", "AWSXRayPropagator");
  for (const context of contexts({ format: "xray", peer })) {
    const { traceId, spanId, sampled } = context;
    const rest = `Parent=${spanId};Sampled=${sampled ? 1 : 0}`;
    const dashed = { "x-amzn-trace-id": `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};${rest}` };
    const plain = { "X-Amzn-Trace-Id": `Root=${traceId};${rest}` };
    assert.deepEqual(normal(peer.read(dashed)), normal(context));
    assert.equal(peer.read({ "x-amzn-trace-id": plain["X-Amzn-Trace-Id"] }), undefined);
    for (const headers of [dashed, plain]) {
      assert.deepEqual(normal(theirs("xray", headers)), normal(context));
      assert.deepEqual(normal(peer.read(written("xray", extracted("xray", headers)))), normal(context));
    }
  }
});

test("baggage: OpenTelemetry's propagator and ours read what the other wrote", () => {
  const peer = otelBaggage();
  const random = seededRandom(10);
  for (let i = 0; i < CONTEXTS; i++) {
    // It leaves out items without a value, and cuts blanks at the ends off, encoded or not.
    const all = Object.entries(items(random, ANY));
    const given = Object.fromEntries(all.filter(([, value]) => value !== "" && value === value.trim()));
    const context = ours({ traceId: TRACE, spanId: SPAN, sampled: true, baggage: given });
    const sent = written("baggage", context);
    assert.deepEqual(peer.read(sent), given, JSON.stringify(sent));
    assert.deepEqual(theirs("baggage", peer.write(given)).baggage, given);
    assert.deepEqual(peer.read(written("baggage", extracted("baggage", peer.write(given)))), given);
  }
});

test("a decision without ids is read as dd-trace reads it", () => {
  for (const [header, state] of [
    ["0", "dropped"],
    ["1", "sampled"],
    ["d", "debug"],
  ]) {
    assert.equal(reads("b3", { b3: header }), state);
    assert.equal(ddTrace("b3 single header").read({ b3: header! })?.sampled, state !== "dropped");
  }
});

test("what else Datadog says of a trace goes to dd-trace and comes back", () => {
  const random = seededRandom(8);
  const headers = contexts({ format: "datadog", peer: b3 });
  for (let i = 0; i < 500; i++) {
    const sent: Record<string, string> = { ...written("datadog", ours(headers.next().value!)) };
    const priority = random.pick(["-1", "0", "1", "2"]);
    sent["x-datadog-sampling-priority"] = priority;
    if (random.integer(2) === 0) sent["x-datadog-origin"] = random.pick(["rum", "synthetics-browser", "a=b"]);
    const tags = [sent["x-datadog-tags"], random.integer(2) === 0 ? "_dd.p.usr.id=YWI=" : undefined];
    // Who decided is passed on with traces that are kept: so is what dd-trace sends.
    if (Number(priority) > 0) tags.push("_dd.p.dm=-4");
    sent["x-datadog-tags"] = tags.filter((tag) => tag !== undefined).join(",");
    if (sent["x-datadog-tags"] === "") delete sent["x-datadog-tags"];

    const peer = ddTrace("datadog");
    assert.deepEqual(written("datadog", extracted("datadog", peer.passOn(sent))), sent);
    assert.deepEqual(peer.passOn(written("datadog", extracted("datadog", sent))), sent);
  }
});

test("jaeger-baggage is read as jaeger-client reads it", () => {
  const headers = { "uber-trace-id": `${TRACE}:${SPAN}:0:1`, "jaeger-baggage": "k1=v1, k2=a b,k3=,nonsense" };
  assert.deepEqual(normal(theirs("jaeger", headers)), normal(jaegerClient().read(headers)));
});

/** Ids of all lengths, with zeros in front and without, sampled and not, with baggage where both hold it. */
function* contexts({ bits = undefined, baggage }: Pair, many = CONTEXTS): Generator<Travelling> {
  const random = seededRandom(7);
  for (let i = 0; i < many; i++) {
    const long = bits !== 64 && i % 3 !== 0;
    yield {
      traceId: digits(random, long ? 32 : 16).padStart(32, "0"),
      spanId: digits(random, 16),
      sampled: random.integer(2) === 0,
      baggage: baggage === undefined ? {} : items(random, baggage),
    };
  }
}

/** A hexadecimal number that is not 0: the last digit is none, and one in four starts with zeros. */
function digits(random: SeededRandom, length: number): string {
  const zeros = random.integer(4) === 0 ? random.integer(length) : 0;
  const digit = (least: number): string => (least + random.integer(16 - least)).toString(16);
  return (
    "0".repeat(zeros) +
    Array.from({ length: length - zeros }, (_, i) => digit(i === length - zeros - 1 ? 1 : 0)).join("")
  );
}

function anyCase(random: SeededRandom, name: string): string {
  return Array.from(name, (letter) => (random.integer(2) === 0 ? letter.toUpperCase() : letter)).join("");
}

function items(random: SeededRandom, from: string): Record<string, string> {
  const characters = [...from];
  const text = (): string => Array.from({ length: random.integer(12) }, () => random.pick(characters)).join("");
  return Object.fromEntries(Array.from({ length: random.integer(4) }, (_, i) => [`item-${i}`, text()]));
}

function ours({ traceId, spanId, sampled, baggage }: Travelling): ReturnType<typeof contextOf> {
  const context = contextOf(traceId, spanId, sampled ? SAMPLED : 0);
  for (const [name, value] of Object.entries(baggage))
    context.baggage = (context.baggage ?? EMPTY_BAGGAGE).with(name, value);
  return context;
}

function theirs(format: PropagatorName, headers: Record<string, string>): Travelling {
  const context = extracted(format, headers);
  assert.equal(context.traceFlags & UNDECIDED, 0);
  const { traceFlags, baggage } = context;
  return {
    traceId: traceIdHex(context),
    spanId: spanIdHex(context),
    sampled: (traceFlags & SAMPLED) !== 0,
    baggage: Object.fromEntries(baggage?.entries() ?? []),
  };
}

/** Some give ids with their leading zeros, and some without. */
function normal(context: Travelling | undefined): unknown {
  if (context === undefined) return undefined;
  const { traceId, spanId, sampled, baggage } = context;
  return { traceId: BigInt(`0x${traceId}`), spanId: BigInt(`0x${spanId}`), sampled, baggage: { ...baggage } };
}
