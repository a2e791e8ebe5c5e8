// The headers of Jaeger's clients.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_BAGGAGE } from "#src/propagation/baggage.js";
import { JaegerPropagator } from "#src/propagation/jaeger.js";
import { DEBUG, SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { SpanContext } from "#src/tracer/span-context.js";
import { contextOf, extracted, LOW, reads, SPAN, TRACE, written } from "./formats.js";

const INVALID = "nothing; propagation.invalid 1";

test("uber-trace-id is read: ids of any length, flags of one or two digits, colons percent-encoded or not", () => {
  const ids = `${TRACE}-${SPAN}`;
  for (const [value, expected] of [
    [`${TRACE}:${SPAN}:0:1`, `${ids} sampled`],
    [`${TRACE}:${SPAN}:0:01`, `${ids} sampled`],
    [`${TRACE}:${SPAN}:${SPAN}:0`, `${ids} dropped`],
    [`${TRACE}:${SPAN}:0:3`, `${ids} debug`],
    [`${TRACE}:${SPAN}:0:9`, `${ids} sampled`],
    [`${TRACE}:${SPAN}:0:b`, `${ids} debug`],
    [`${TRACE}:${SPAN}:0:2`, `${ids} dropped`],
    [`${TRACE}%3A${SPAN}%3a0%3A1`, `${ids} sampled`],
    [`${TRACE}%3A${SPAN}%3A${SPAN}%3A01`, `${ids} sampled`],
    [`${TRACE.toUpperCase()}:${SPAN}:0:1`, `${ids} sampled`],
    [`${LOW}:${SPAN.slice(2)}:0:1`, `${"0".repeat(16)}${LOW}-${SPAN} sampled`],
    ["a:b:0:1", `${"a".padStart(32, "0")}-${"b".padStart(16, "0")} sampled`],
  ]) {
    assert.equal(reads("jaeger", { "Uber-Trace-Id": value }), expected);
  }
});

test("an uber-trace-id that is malformed is refused", () => {
  for (const value of [
    `0${TRACE}:${SPAN}:0:1`,
    `${TRACE}:0${SPAN}:0:1`,
    `${TRACE}:${SPAN}:0:001`,
    `${TRACE}:${SPAN}:0:`,
    `${TRACE}:${SPAN}:0:g`,
    `${TRACE}:${SPAN}:0`,
    `${TRACE}:${SPAN}:0:1:1`,
    `${TRACE}:${SPAN}:${SPAN}${SPAN}:1`,
    `0:${SPAN}:0:1`,
    `${TRACE}:0:0:1`,
    `${TRACE}::0:1`,
    `:${SPAN}:0:1`,
    ":::",
    "%",
    `${TRACE}:${SPAN}:0:1, ${TRACE}:${SPAN}:0:1`,
    ":".repeat(100_000),
  ]) {
    assert.equal(reads("jaeger", { "uber-trace-id": value }), INVALID, value.slice(0, 100));
  }
});

test("uber-trace-id is written with the debug flag, and 64-bit trace ids stay so", () => {
  const header = (traceId: string, flags: number): string =>
    written("jaeger", contextOf(traceId, SPAN, flags))["uber-trace-id"]!;
  assert.equal(header(TRACE, 0), `${TRACE}:${SPAN}:0:0`);
  assert.equal(header(TRACE, UNDECIDED), `${TRACE}:${SPAN}:0:0`);
  assert.equal(header(TRACE, SAMPLED), `${TRACE}:${SPAN}:0:1`);
  assert.equal(header(TRACE, SAMPLED | DEBUG), `${TRACE}:${SPAN}:0:3`);
  assert.equal(header(LOW, SAMPLED), `${LOW}:${SPAN}:0:1`);
});

test("jaeger-debug-id asks for a trace of its own, unless there is one", () => {
  const context = extracted("jaeger", { "Jaeger-Debug-Id": "ticket%2042" });
  assert.equal(context.debugId, "ticket 42");
  assert.equal(reads("jaeger", { "jaeger-debug-id": "x" }), "debug");
  const both = { "jaeger-debug-id": "x", "uber-trace-id": `${TRACE}:${SPAN}:0:0` };
  assert.equal(reads("jaeger", both), `${TRACE}-${SPAN} dropped`);
  assert.equal(extracted("jaeger", both).debugId, undefined);
});

test("baggage is read from uberctx-* and jaeger-baggage, and written to uberctx-*", () => {
  const { baggage } = extracted("jaeger", {
    "uberctx-user": "%C3%A9%20%25",
    "UBERCTX-plan": "free",
    "uberctx-list": ["a", "b"],
    "uberctx-broken": "50%",
    "uberctx-wide": "100% 漢字",
    "jaeger-baggage": "k1=v1, k2 = v 2,,USER=other",
  });
  assert.deepEqual(
    [...baggage!.entries()].sort(),
    [
      ["user", "é %"],
      ["plan", "free"],
      ["list", "a, b"],
      ["broken", "50%"],
      ["wide", "100% 漢字"],
      ["k1", "v1"],
      ["k2", "v 2"],
    ].sort(),
  );
  const context = contextOf(TRACE, SPAN, 0);
  context.baggage = EMPTY_BAGGAGE.with("user id", "é %").with("Plan", "a:b");
  assert.deepEqual(written("jaeger", context), {
    "uber-trace-id": `${TRACE}:${SPAN}:0:0`,
    "uberctx-user%20id": "%C3%A9%20%25",
    "uberctx-Plan": "a:b",
  });
});

test("a baggage prefix may begin with whatever a header's name may", () => {
  const context = contextOf(TRACE, SPAN, 0);
  context.baggage = EMPTY_BAGGAGE.with("user", "alice");
  for (const first of "!#$%&'*+-.^_`|~0aZ") {
    const propagator = new JaegerPropagator({ baggagePrefix: `${first}ctx-` });
    const headers: Record<string, string> = {};
    propagator.inject(context, headers);
    for (const name of [`${first}ctx-user`.toLowerCase(), `${first}CTX-user`]) {
      const read = new SpanContext();
      propagator.extract({ [name]: headers[`${first}ctx-user`.toLowerCase()] }, read);
      assert.equal(read.baggage?.get("user"), "alice", name);
    }
  }
});

test("a space in baggage may be a plus sign, as Jaeger's clients for Go and Java write it, so a plus sign is encoded", () => {
  const { baggage } = extracted("jaeger", { "uberctx-a": "red+%26+7%25", "uberctx-b": "1%2B1", "uberctx-c": "50%+" });
  assert.deepEqual(
    [...baggage!.entries()],
    [
      ["a", "red & 7%"],
      ["b", "1+1"],
      ["c", "50% "],
    ],
  );
  const context = contextOf(TRACE, SPAN, 0);
  context.baggage = EMPTY_BAGGAGE.with("sum", "1+1 é");
  assert.equal(written("jaeger", context)["uberctx-sum"], "1%2B1%20%C3%A9");
});

test("what is no item is counted and left out, and so is what does not fit", () => {
  assert.equal(reads("jaeger", { "jaeger-baggage": "a,=1,b" }), "nothing; propagation.invalid 3");
  assert.equal(reads("jaeger", { "uberctx-a b": "1", "uberctx-é": "1" }), "nothing; propagation.invalid 2");
  assert.equal(reads("jaeger", { "uberctx-a": 7, "uberctx-b": [7] }), "nothing; propagation.invalid 2");

  const items = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`uberctx-k${i}`, "v"]));
  assert.equal(reads("jaeger", items(64)), "nothing");
  assert.equal(reads("jaeger", items(65)), "nothing; propagation.limit 1");
  assert.equal(extracted("jaeger", items(65)).baggage?.size, 64);
  assert.equal(reads("jaeger", { "uberctx-a": "x".repeat(8190) }), "nothing");
  assert.equal(reads("jaeger", { "uberctx-a": "x".repeat(8191), "uberctx-b": "1" }), "nothing; propagation.limit 1");
  assert.equal(extracted("jaeger", { "uberctx-a": "x".repeat(8191), "uberctx-b": "1" }).baggage?.header, "b=1");
});
