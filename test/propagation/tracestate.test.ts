// The `tracestate` header, requirement by requirement as in the W3C's own validation suite, and beyond it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { checkedTraceState } from "#src/propagation/trace-state.js";
import { fieldsOf, type Headers, passedOn } from "./passed-on.js";

const TRACEPARENT = "00-12345678901234567890123456789012-1234567890123456-00";

/** The tracestate sent on after these values came in with a valid traceparent, whose trace is continued in any case. */
function sentOn(...values: string[]): string | undefined {
  const sent = passedOn([["traceparent", TRACEPARENT], ...values.map((value) => ["tracestate", value] as const)]);
  assert.equal(fieldsOf(sent).traceId, "12345678901234567890123456789012");
  return sent["tracestate"];
}

function members(length: number): string {
  return Array.from({ length }, (_, i) => `bar${i}=${i}`).join(",");
}

function assertDropped(...values: string[]): void {
  resetDiagnostics();
  assert.equal(sentOn(...values), undefined, values.join(", ").slice(0, 100));
  assert.equal(diagnostics()["propagation.invalid"], 2, "counted for each of the two carriers");
}

test("tracestate without a valid traceparent is not passed on", () => {
  const headers: Headers[] = [
    [["tracestate", "foo=1"]],
    [["tracestate", "foo=1,bar=2"]],
    [
      ["traceparent", "00-00000000000000000000000000000000-1234567890123456-00"],
      ["tracestate", "foo=1"],
    ],
  ];
  for (const one of headers) assert.equal(passedOn(one)["tracestate"], undefined);
});

test("tracestate is passed on with its traceparent, byte by byte", () => {
  for (const value of ["foo=1,bar=2", "foo=1 , \t bar=2,,baz=  3", "a=b/c;d", "1a-_*/=!~"]) {
    assert.equal(sentOn(value), value);
  }
});

test("the name is tracestate and no other, in any case", () => {
  for (const name of ["trace-state", "trace.state"]) {
    assert.equal(
      passedOn([
        ["traceparent", TRACEPARENT],
        [name, "foo=1"],
      ])["tracestate"],
      undefined,
    );
  }
  for (const name of ["TraceState", "TrAcEsTaTe", "TRACESTATE"]) {
    assert.equal(
      passedOn([
        ["traceparent", TRACEPARENT],
        [name, "foo=1"],
      ])["tracestate"],
      "foo=1",
    );
  }
});

test("an empty tracestate is not passed on, and is no error", () => {
  resetDiagnostics();
  assert.equal(sentOn(""), undefined);
  assert.equal(sentOn(" ,\t,, "), undefined);
  assert.match(sentOn("foo=1", "")!, /^foo=1, *$/);
  assert.match(sentOn("", "foo=1")!, /^, foo=1$/);
  assert.deepEqual(diagnostics(), {});
});

test("several tracestate headers are combined in their order", () => {
  assert.equal(sentOn("foo=1,bar=2", "rojo=1,congo=2", "baz=3"), "foo=1,bar=2, rojo=1,congo=2, baz=3");
});

test("repeated keys are passed on as they came", () => {
  assert.equal(sentOn("foo=1,foo=1"), "foo=1,foo=1");
  assert.equal(sentOn("foo=1,foo=2"), "foo=1,foo=2");
  assert.equal(sentOn("foo=1", "foo=1"), "foo=1, foo=1");
  assert.equal(sentOn("foo=1", "foo=2"), "foo=1, foo=2");
});

test("all characters that are allowed are", () => {
  const key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
  const value = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))
    .filter((character) => character !== "," && character !== "=")
    .join("");
  assert.equal(sentOn(`${key}=${value}`), `${key}=${value}`);
  assert.equal(sentOn(`${key}@a-z0-9_-*/=${value}`), `${key}@a-z0-9_-*/=${value}`);
});

test("blanks around members are allowed, and taken off the ends", () => {
  for (const value of ["foo=1 \t , \t bar=2, \t baz=3", "foo=1\t \t,\t \tbar=2,\t \tbaz=3"])
    assert.equal(sentOn(value), value);
  for (const value of [" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"]) assert.equal(sentOn(value), "foo=1");
});

test("illegal characters in a key drop the whole header", () => {
  for (const key of [
    "foo ",
    "FOO",
    "foo.bar",
    "_foo",
    "-foo",
    "*foo",
    "/foo",
    "",
    " ",
    "fo o",
    "foo\t",
    "föö",
    "foo\u0000",
  ]) {
    assertDropped(`${key}=1,bar=2`);
    assertDropped(`bar=2,${key}=1`);
  }
});

test("at signs may stand anywhere in a key but first", () => {
  for (const key of ["foo@", "foo@@bar", "foo@bar@baz", "1@2"])
    assert.equal(sentOn(`${key}=1,bar=2`), `${key}=1,bar=2`);
  assertDropped("@foo=1,bar=2");
});

test("32 members are passed on, 33 are not", () => {
  assert.equal(sentOn(members(32)), members(32));
  assertDropped(members(33));
  assert.equal(sentOn(members(20), members(12)), `${members(20)}, ${members(12)}`);
  assertDropped(members(20), members(13));
});

test("empty members do not count, but cannot make it longer than 32 members could be", () => {
  assert.equal(sentOn(`${members(32)},,,`), `${members(32)},,,`);
  const longest = 32 * (256 + 1 + 256 + 1);
  assert.equal(sentOn(`a=1${",".repeat(longest - 3)}`)?.length, longest);
  assertDropped(`a=1${",".repeat(longest - 2)}`);
  const full = Array.from({ length: 32 }, () => `${"k".repeat(256)}=${"v".repeat(256)}`).join(",");
  assert.equal(sentOn(full), full);
});

test("a key of 256 characters is passed on, one of 257 is not, with an at sign or without", () => {
  for (const key of [
    "z".repeat(256),
    `${"t".repeat(241)}@${"v".repeat(14)}`,
    `${"t".repeat(242)}@v`,
    `t@${"v".repeat(15)}`,
  ]) {
    assert.equal(sentOn("foo=1", `${key}=1`), `foo=1, ${key}=1`);
  }
  assertDropped("foo=1", `${"z".repeat(257)}=1`);
  assertDropped("foo=1", `${"t".repeat(242)}@${"v".repeat(14)}=1`);
});

test("a value of 256 characters is passed on, one of 257 is not; leading blanks count, trailing ones do not", () => {
  assert.equal(sentOn(`foo=${"v".repeat(256)}`), `foo=${"v".repeat(256)}`);
  assertDropped(`foo=${"v".repeat(257)}`);
  assert.equal(sentOn(`foo= ${"v".repeat(255)}`), `foo= ${"v".repeat(255)}`);
  assertDropped(`foo= ${"v".repeat(256)}`);
  assert.equal(sentOn(`foo=${"v".repeat(256)}  ,bar=1`), `foo=${"v".repeat(256)}  ,bar=1`);
});

test("illegal values drop the whole header", () => {
  for (const value of ["bar=baz", "", " ", "a\tb", "a\u007f", "a\u0000", "a\r\nx: y", "é", "a\u2028"]) {
    assertDropped(`foo=${value},bar=3`);
    assertDropped(`bar=3,foo=${value}`);
  }
  for (const value of ["foo", "foo,bar=1", "=", "=1", "foo=1;bar=2,=", "foo=1,bar"]) assertDropped(value);
});

test("nothing unsafe ever passes", () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code);
    for (const value of [`a=x${character}y`, `a${character}=x`, `${character}a=x`, `a=x${character}`]) {
      assert.match(checkedTraceState(value), /^[\t\x20-\x7e]*$/);
    }
  }
});
