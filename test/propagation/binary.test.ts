// The BINARY carrier.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryReporter, type SpanContext, Tracer } from "node-opentracing";
import { BinaryCarrier, FORMAT_BINARY, FORMAT_HTTP_HEADERS } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";

const tracer = new Tracer({ reporter: new MemoryReporter() });
const IDS = "0102030405060708090a0b0c0d0e0f101112131415161718";

const bytes = (hex: string, text = ""): Uint8Array =>
  Buffer.concat([Buffer.from(hex, "hex"), Buffer.from(text, "latin1")]);
const read = (buffer: unknown): SpanContext | null => tracer.extract(FORMAT_BINARY, { buffer });

function assertRefused(buffer: unknown, what = ""): void {
  resetDiagnostics();
  assert.equal(read(buffer), null, what);
  assert.deepEqual(diagnostics(), { "propagation.invalid": 1 }, what);
}

test("the format is as described, byte by byte", () => {
  const context = tracer.extract(FORMAT_HTTP_HEADERS, {
    traceparent: "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-03",
    tracestate: "a=1",
    baggage: "k=v;p",
  });
  const carrier = new BinaryCarrier([]);
  tracer.inject(context!, FORMAT_BINARY, carrier);
  assert.ok(carrier.buffer instanceof Uint8Array);
  assert.equal(
    Buffer.from(carrier.buffer).toString("hex"),
    `0103${IDS}010003613d31020005${Buffer.from("k=v;p").toString("hex")}`,
  );
});

test("a span's context is read again: ids, flags, trace state and baggage", () => {
  const parent = tracer.extract(FORMAT_HTTP_HEADERS, {
    traceparent: "00-ffeeddccbbaa99887766554433221100-8000000000000000-01",
    tracestate: "a=1 , b=2",
  });
  const span = tracer.startSpan("s", { childOf: parent! }).setBaggageItem("größe", "5 € \r\n");
  const carrier = new BinaryCarrier([]);
  tracer.inject(span, FORMAT_BINARY, carrier);
  for (const buffer of [
    carrier.buffer,
    Array.from(carrier.buffer as Uint8Array),
    Buffer.from(carrier.buffer as Uint8Array),
  ]) {
    const context = read(buffer);
    assert.equal(context?.toTraceId(), "ffeeddccbbaa99887766554433221100");
    assert.equal(context.toSpanId(), span.context().toSpanId());
    assert.equal(context.isSampled(), true);
    assert.equal(context.isRemote, true);
    assert.equal(context.traceState, "a=1 , b=2");
    assert.equal(context.baggage?.get("größe"), "5 € \r\n");
  }
});

test("a context that carries baggage alone is read again", () => {
  const context = tracer.extract(FORMAT_HTTP_HEADERS, { baggage: "k=v" });
  const carrier = new BinaryCarrier([]);
  tracer.inject(context!, FORMAT_BINARY, carrier);
  const again = read(carrier.buffer);
  assert.equal(again?.toTraceId(), "");
  assert.equal(again.baggage?.get("k"), "v");
});

test("flags and fields that are not known are passed over", () => {
  const context = read(bytes(`01ff${IDS}630002ffff010003`, "a=1"));
  assert.equal(context?.traceFlags, 3);
  assert.equal(context.traceState, "a=1");
});

test("no buffer, or an empty one, is no context, and no error", () => {
  resetDiagnostics();
  for (const carrier of [
    {},
    { buffer: null },
    { buffer: undefined },
    { buffer: new Uint8Array(0) },
    new BinaryCarrier([]),
    [],
    new Map(),
  ]) {
    assert.equal(tracer.extract(FORMAT_BINARY, carrier), null);
  }
  assert.deepEqual(diagnostics(), {});
});

test("buffers that are cut off anywhere are refused", () => {
  const whole = bytes(`0101${IDS}010003613d31020003`, "k=v");
  assert.notEqual(read(whole), null);
  for (let length = 1; length < whole.length; length++) {
    if (length === 26 || length === 32) continue; // where a field ends, nothing is missing
    assertRefused(whole.subarray(0, length), `${length} bytes`);
  }
  assertRefused(Buffer.concat([whole, Buffer.from([0])]), "one byte too many");
});

test("buffers of another version, half an identity, or no bytes are refused", () => {
  assertRefused(bytes(`0001${IDS}`), "version 0");
  assertRefused(bytes(`0201${IDS}`), "version 2");
  assertRefused(bytes(`0101${"00".repeat(16)}1112131415161718`), "no trace id");
  assertRefused(bytes(`0101${IDS.slice(0, 32)}${"00".repeat(8)}`), "no span id");
  const good = Array.from(bytes(`0101${IDS}`));
  assert.notEqual(read(good), null);
  for (const byte of [256, -1, 1.5, "1", null, undefined, Number.NaN, {}, 1n]) {
    assertRefused(
      good.map((value, at) => (at === 20 ? byte : value)),
      String(byte),
    );
  }
  assertRefused(new Array(26), "holes");
  for (const buffer of [7, "text", true, {}, { length: 26 }, new ArrayBuffer(26), new Float64Array(26)])
    assertRefused(buffer);
});

test("65,535 bytes are read, more are refused unread", () => {
  const head = bytes(`0101${IDS}`);
  const padded = (length: number): Uint8Array => {
    const rest = length - head.length - 3;
    return Buffer.concat([head, Buffer.from([99, rest >>> 8, rest & 0xff]), Buffer.alloc(rest)]);
  };
  assert.notEqual(read(padded(65_535)), null);
  assertRefused(padded(65_536));
  assertRefused(new Uint8Array(100_000_000));
});

test("fields are checked as the headers are", () => {
  resetDiagnostics();
  const context = read(bytes(`0101${IDS}010004`, "A=\r\n\x02\x00\x07k=v,x\r\n"));
  assert.equal(context?.traceState, "");
  assert.equal(context.baggage?.header, "k=v");
  assert.deepEqual(diagnostics(), { "propagation.invalid": 2 });
});

test("carriers that throw are counted, and nothing is thrown", () => {
  const fail = (): never => {
    throw new Error("hostile carrier");
  };
  const hostile = [
    Object.defineProperty({}, "buffer", { get: fail, set: fail }),
    new Proxy({}, { get: fail, set: fail }),
    { buffer: new Proxy([], { get: fail }) },
  ];
  resetDiagnostics();
  for (const carrier of hostile) assert.equal(tracer.extract(FORMAT_BINARY, carrier), null);
  assert.deepEqual(diagnostics(), { "propagation.carrier": 3 });
  for (const carrier of [...hostile.slice(0, 2), Object.freeze({})])
    tracer.inject(tracer.startSpan("s"), FORMAT_BINARY, carrier);
  assert.deepEqual(diagnostics(), { "propagation.carrier": 6 });
});
