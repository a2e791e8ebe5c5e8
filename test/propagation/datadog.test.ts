// The headers of Datadog's tracers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_BAGGAGE } from "#src/propagation/baggage.js";
import { Decimal, decimalText } from "#src/propagation/decimal.js";
import { seededRandom } from "#src/testing/seeded-random.js";
import { DEBUG, SAMPLED, UNDECIDED } from "#src/trace-context.js";
import { contextOf, extracted, LOW, reads, SPAN, TRACE, written } from "./formats.js";

const IDS = {
  "x-datadog-trace-id": BigInt(`0x${LOW}`).toString(),
  "x-datadog-parent-id": BigInt(`0x${SPAN}`).toString(),
};
const HIGH = `_dd.p.tid=${TRACE.slice(0, 16)}`;

test("decimal numbers of 64 bits are read and written as BigInt does it", () => {
  const random = seededRandom(3);
  const edges = [0n, 1n, 999_999n, 1_000_000n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  const numbers = Array.from({ length: 20_000 }, () => {
    const word = (): bigint => BigInt(random.integer(2 ** 32));
    return ((word() << 32n) | word()) >> BigInt(random.integer(64));
  });
  const decimal = new Decimal();
  for (const number of [...edges, ...numbers]) {
    assert.ok(decimal.read(String(number)));
    assert.deepEqual([decimal.high, decimal.low].map(BigInt), [
      BigInt.asIntN(32, number >> 32n),
      BigInt.asIntN(32, number),
    ]);
    assert.equal(decimalText(decimal.high, decimal.low), String(number));
  }
  assert.ok(decimal.read("00000000000000000001"));
  const others = ["", "-1", "+1", "1.0", "0x1", " 1", "1e3", "１", "18446744073709551616", "99999999999999999999"];
  for (const text of [...others, "000000000000000000001", "1".repeat(100_000)]) assert.equal(decimal.read(text), false);
});

test("ids and the sampling priority are read, the high 64 bits from a tag", () => {
  const short = `${"0".repeat(16)}${LOW}-${SPAN}`;
  const read = (more: object): string => reads("datadog", { ...IDS, ...more });
  assert.equal(read({}), `${short} undecided`);
  assert.equal(read({ "x-datadog-sampling-priority": "-1" }), `${short} dropped`);
  assert.equal(read({ "x-datadog-sampling-priority": "0" }), `${short} dropped`);
  assert.equal(read({ "x-datadog-sampling-priority": "1" }), `${short} sampled`);
  assert.equal(read({ "X-Datadog-Sampling-Priority": "2" }), `${short} debug`);
  assert.equal(read({ "x-datadog-sampling-priority": "x" }), `${short} undecided; propagation.invalid 1`);
  assert.equal(read({ "x-datadog-tags": `_dd.p.dm=-1,${HIGH}` }), `${TRACE}-${SPAN} undecided`);
  for (const tid of ["", "0", TRACE, "x".repeat(16), TRACE.slice(0, 15)]) {
    const counted = tid === "" ? "" : "; propagation.invalid 1";
    assert.equal(read({ "x-datadog-tags": `_dd.p.tid=${tid}` }), `${short} undecided${counted}`);
  }
});

test("a trace that has no span yet is no parent, and not malformed; its decision is that of the trace that begins", () => {
  const read = (more: object): string => reads("datadog", { ...IDS, "x-datadog-parent-id": "0", ...more });
  assert.equal(read({}), "nothing");
  assert.equal(read({ "x-datadog-sampling-priority": "-1" }), "dropped");
  assert.equal(read({ "x-datadog-sampling-priority": "1" }), "sampled");
  assert.equal(read({ "x-datadog-sampling-priority": "2" }), "debug");
});

test("origin, tags and a decision by hand are kept in the tracestate, and passed on by either header", () => {
  const context = extracted("datadog", {
    ...IDS,
    "x-datadog-sampling-priority": "-1",
    "x-datadog-origin": "synthetics",
    "x-datadog-tags": `${HIGH},_dd.p.usr.id=YQ==,_dd.p.dm=-4`,
  });
  assert.equal(context.traceState, "dd=s:-1;o:synthetics;t.usr.id:YQ~~;t.dm:-4");
  assert.equal(written("tracecontext", context)["tracestate"], context.traceState);
  assert.deepEqual(written("datadog", context), {
    ...IDS,
    "x-datadog-sampling-priority": "-1",
    "x-datadog-origin": "synthetics",
    "x-datadog-tags": `${HIGH},_dd.p.usr.id=YQ==`, // who decided is said of a trace that is kept alone
  });
  const w3c = extracted("tracecontext", {
    traceparent: `00-${TRACE}-${SPAN}-01`,
    tracestate: "rojo=1,dd=s:2;p:0123456789abcdef;t.dm:-4 ,other=2",
  });
  assert.deepEqual(written("datadog", w3c), {
    ...IDS,
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": `${HIGH},_dd.p.dm=-4`,
  });
});

test("a priority that contradicts the decision made here is not passed on", () => {
  const priority = (traceState: string, flags: number): string | undefined => {
    const context = contextOf(TRACE, SPAN, flags);
    context.traceState = traceState;
    return written("datadog", context)["x-datadog-sampling-priority"];
  };
  assert.equal(priority("dd=s:2", 0), "0");
  assert.equal(priority("dd=s:-1", SAMPLED), "1");
  assert.equal(priority("dd=s:9e9", SAMPLED), "1");
  assert.equal(priority("", SAMPLED | DEBUG), "2");
  assert.equal(priority("", UNDECIDED), undefined);
});

test("tags that are malformed or too many are dropped, the ids are kept", () => {
  const of = (tags: string): string => reads("datadog", { ...IDS, "x-datadog-tags": tags }).replace(/^\S+ /, "");
  for (const tags of ["nonsense", "_dd.p.=1", "_dd.p.a b=1", "_dd.p.a=1;2", "_dd.p.a=é", "other=1", "_dd.p.a="]) {
    assert.equal(of(tags), "undecided; propagation.invalid 1", tags);
  }
  const tag = (length: number): string => `_dd.p.a=${"x".repeat(length - 8)}`;
  assert.equal(of(tag(260)), "undecided"); // dd's member has 256 characters: `t.a:` and 252
  assert.equal(of(tag(261)), "undecided; propagation.limit 1");
  assert.equal(of(`${HIGH},${tag(512 - 27)}`), "undecided; propagation.limit 1");
  assert.equal(extracted("datadog", { ...IDS, "x-datadog-tags": `${HIGH},${tag(512 - 27)}` }).toTraceId(), TRACE);
  assert.notEqual(extracted("datadog", { ...IDS, "x-datadog-tags": `${HIGH},${tag(512 - 26)}` }).toTraceId(), TRACE);
});

test("baggage is written as it is where it may stand in a header, else percent-encoded", () => {
  const context = contextOf(TRACE, SPAN, SAMPLED);
  context.baggage = EMPTY_BAGGAGE.with("plain", "a b, 50%")
    .with("edge", " a")
    .with("code", "a%20b")
    .with("text", "é\n");
  const headers = written("datadog", context);
  assert.deepEqual(
    Object.entries(headers).filter(([name]) => name.startsWith("ot-baggage-")),
    [
      ["ot-baggage-plain", "a b, 50%"],
      ["ot-baggage-edge", "%20a"],
      ["ot-baggage-code", "a%2520b"],
      ["ot-baggage-text", "%C3%A9%0A"],
    ],
  );
  assert.deepEqual([...extracted("datadog", headers).baggage!.entries()], [...context.baggage.entries()]);
});
