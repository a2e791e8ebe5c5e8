// The `baggage` header and the value behind it (W3C Baggage).

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Baggage } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { baggageOf, EMPTY_BAGGAGE } from "#src/propagation/baggage.js";
import { passedOn } from "./passed-on.js";

const sentOn = (...values: string[]): string | undefined =>
  passedOn(values.map((value) => ["baggage", value] as const))["baggage"];

function items(header: string): [string, string][] {
  return [...(baggageOf(header)?.entries() ?? [])].map(([name, value]) => [name, value]);
}

/** What was counted while `run` ran. */
function counted(run: () => void): ReturnType<typeof diagnostics> {
  resetDiagnostics();
  run();
  return diagnostics();
}

function list(length: number): string {
  return Array.from({ length }, (_, i) => `k${i}=${i}`).join(",");
}

function filled(length: number): Baggage {
  return Array.from({ length }).reduce<Baggage>((baggage, _, i) => baggage.with(`k${i}`, String(i)), EMPTY_BAGGAGE);
}

test("valid baggage is passed on byte by byte, with its properties and blanks", () => {
  for (const header of [
    "SomeKey=SomeValue",
    "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal",
    "k \t = \t v \t ; \t p \t , \t k2 \t = \t v2 \t ; \t p2 \t = \t v3",
    "k=v;p;p=1;p=2",
    "k=v;ValueProp%20%09%20%3D%20%09%20PropVal",
    "k=",
    "k=v=w==",
    "k=%zz%C3%28",
    "a=1,a=2",
    "!#$%&'*+-.^_`|~=!#$%&'()*+-./:<=>?@[]^_`{|}~",
  ]) {
    assert.equal(sentOn(header), header);
  }
  assert.deepEqual(
    counted(() => sentOn("userId=alice;p=1 , serverNode=DF%2028")),
    {},
  );
});

test("several baggage headers are combined in their order", () => {
  assert.equal(
    sentOn("userId=alice", "serverNode=DF%2028,isProduction=false"),
    "userId=alice, serverNode=DF%2028,isProduction=false",
  );
});

test("items are read with their names and decoded values, without properties", () => {
  assert.deepEqual(items("userId =   Am%C3%A9lie ; p=1,serverNode=DF%2028, isProduction = false"), [
    ["userId", "Amélie"],
    ["serverNode", "DF 28"],
    ["isProduction", "false"],
  ]);
  assert.deepEqual(items("k=v=w==,empty="), [
    ["k", "v=w=="],
    ["empty", ""],
  ]);
});

test("octets that are no UTF-8 are read as U+FFFD, and a lone percent sign as itself", () => {
  for (const [encoded, text] of [
    ["%C3%A9", "é"],
    ["%F0%9F%92%99", "💙"],
    ["%C3%28", "\ufffd("],
    ["a%FFb", "a\ufffdb"],
    ["%EF%BB%BFa%FF", "\ufeffa\ufffd"],
    ["%ED%A0%80", "\ufffd\ufffd\ufffd"],
    ["100%", "100%"],
    ["%zz%41", "%zzA"],
    ["%4", "%4"],
  ] as const) {
    assert.equal(baggageOf(`k=${encoded}`)?.get("k"), text);
  }
});

test("malformed members are dropped and counted, the others are passed on", () => {
  for (const member of [
    "a",
    "=1",
    "a b=1",
    'a="1"',
    "a=1 2",
    "a=1;",
    "a=1;=2",
    "a=1;p q",
    "ä=1",
    "a=ä",
    "a=1\\",
    "a(=1",
    "a=1;p=é",
  ]) {
    resetDiagnostics();
    assert.equal(sentOn(`x=1;p,${member}, y=2`), "x=1;p,y=2", member);
    assert.deepEqual(diagnostics(), { "propagation.invalid": 2 });
    assert.equal(sentOn(member), undefined);
  }
});

test("empty members are left out and not counted", () => {
  assert.deepEqual(
    counted(() => {
      assert.equal(sentOn("a=1,,b=2, ,"), "a=1,b=2");
      assert.equal(sentOn(""), undefined);
      assert.equal(sentOn(" ,\t"), undefined);
    }),
    {},
  );
});

test("64 members are passed on; those beyond are dropped and counted", () => {
  assert.deepEqual(
    counted(() => assert.equal(sentOn(list(64)), list(64))),
    {},
  );
  assert.deepEqual(
    counted(() => assert.equal(baggageOf(list(67))?.header, list(64))),
    { "propagation.limit": 3 },
  );
});

test("8192 bytes are passed on; members that do not fit are dropped whole and counted", () => {
  const longest = `a=${"x".repeat(8190)}`;
  const two = `b=${"x".repeat(8186)},c=1`;
  assert.equal(two.length, 8192);
  assert.deepEqual(
    counted(() => {
      assert.equal(sentOn(longest), longest);
      assert.equal(sentOn(two), two);
    }),
    {},
  );
  assert.deepEqual(
    counted(() => {
      assert.equal(baggageOf(`${longest}x`), undefined);
      assert.equal(baggageOf(`${two}2`)?.header, two.slice(0, -4));
      assert.equal(baggageOf(`${two},d=2`)?.header, two);
    }),
    { "propagation.limit": 3 },
  );
});

test("nothing unsafe is ever passed on", () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code);
    for (const header of [
      `a=x${character}y`,
      `a${character}=x`,
      `${character}a=x`,
      `a=x${character}`,
      `a=1;p${character}=2`,
    ]) {
      assert.match(baggageOf(header)?.header ?? "", /^[\t\x20-\x7e]*$/);
    }
    assert.match(EMPTY_BAGGAGE.with(`n${character}`, character).header, /^[\x21-\x7e]*$/);
  }
});

test("setting an item changes that item alone, and not the baggage it was set on", () => {
  const before = baggageOf("a=1;p=1, b=%20;q ,a=2")!;
  const after = before.with("b", "new value");
  assert.equal(after.header, "a=1;p=1,a=2,b=new%20value");
  assert.equal(before.header, "a=1;p=1, b=%20;q ,a=2");
  assert.equal(before.get("b"), " ");
  assert.equal(after.get("b"), "new value");
});

test("of several items with one name the last is read, and setting it replaces them all", () => {
  const baggage = baggageOf("a=1,b=2,a=3")!;
  assert.equal(baggage.get("a"), "3");
  assert.equal(baggage.size, 2);
  assert.equal(baggage.with("a", "4").header, "b=2,a=4");
});

test("any text can be a value", () => {
  for (const value of [
    "",
    " ",
    "a,b;c=d",
    '"\\',
    "100%",
    "%41",
    "é💙",
    "\r\nx: y",
    "\u0000",
    "a=b",
    "x".repeat(8000),
  ]) {
    const { header } = EMPTY_BAGGAGE.with("k", value);
    assert.equal(baggageOf(header)?.get("k"), value);
    assert.equal(sentOn(header), header);
  }
  assert.equal(EMPTY_BAGGAGE.with("k", "a\ud800b").get("k"), "a\ufffdb");
});

test("any text but the empty one can be a name: what is no token is percent-encoded", () => {
  for (const name of ["user id", "größe", "a=b", "a,b;c", "(x)", "💙", "a%20", "__proto__", "constructor", "\n"]) {
    const baggage = EMPTY_BAGGAGE.with(name, "v");
    assert.equal(baggageOf(baggage.header)?.get(name), "v", name);
    assert.equal(baggage.with(name, "w").size, 1);
  }
  assert.equal(EMPTY_BAGGAGE.with("(user id)", "v").header, "%28user%20id%29=v");
  assert.deepEqual([...EMPTY_BAGGAGE.with("(user id)", "v").entries()], [["(user id)", "v"]]);
  assert.deepEqual(
    counted(() => assert.equal(EMPTY_BAGGAGE.with("", "v").header, "")),
    { "propagation.invalid": 1 },
  );
});

test("a name is the same however much of it is encoded", () => {
  const baggage = baggageOf("user%2Did=7,50%=1,user-id=8;p")!;
  assert.deepEqual([baggage.get("user-id"), baggage.get("50%"), baggage.size], ["8", "1", 2]);
  assert.equal(baggage.with("user-id", "9").header, "50%=1,user-id=9");
  assert.equal(baggage.with("50%", "2").header, "user%2Did=7,user-id=8;p,50%25=2");
  assert.deepEqual([...EMPTY_BAGGAGE.with("a%20b", "v").entries()], [["a%20b", "v"]]);
  assert.equal(EMPTY_BAGGAGE.with("a\ud800", "v").get("a\ud800"), "v");
});

test("names stand in the baggage in their own case", () => {
  assert.equal(baggageOf("userId=1")?.get("userid"), undefined);
});

test("64 items can be set, a 65th is counted and changes nothing; replacing one of them is no addition", () => {
  const full = filled(64);
  assert.equal(full.size, 64);
  assert.deepEqual(
    counted(() => assert.equal(full.with("more", "1"), full)),
    { "propagation.limit": 1 },
  );
  assert.equal(full.with("k0", "new").get("k0"), "new");
});

test("baggage can be set up to 8192 bytes; a longer value is counted and changes nothing", () => {
  assert.equal(EMPTY_BAGGAGE.with("a", "x".repeat(8190)).header.length, 8192);
  assert.deepEqual(
    counted(() => assert.equal(EMPTY_BAGGAGE.with("a", "x".repeat(8191)), EMPTY_BAGGAGE)),
    {
      "propagation.limit": 1,
    },
  );
  assert.equal(EMPTY_BAGGAGE.with("a", "é".repeat(1365)).header.length, 2 + 6 * 1365);
  assert.equal(EMPTY_BAGGAGE.with("a", "é".repeat(1366)), EMPTY_BAGGAGE);
});
