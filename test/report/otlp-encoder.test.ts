// OTLP: what we send, decoded with OpenTelemetry's definitions, is what was reported; protobuf and JSON say the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FinishedSpan } from "node-opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";
import { REFERENCE_LINK } from "#src/link.js";
import { ByteBuffer } from "#src/report/byte-buffer.js";
import { nanosecondsText } from "#src/report/nanoseconds.js";
import { OtlpJsonEncoder } from "#src/report/otlp-json-encoder.js";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import type { SpanEncoder } from "#src/report/span-encoder.js";
import { ZipkinJsonEncoder } from "#src/report/zipkin-json-encoder.js";
import { spanIdHex, traceIdHex } from "#src/trace-context.js";
import {
  attributesOf,
  type DecodedRequest,
  type DecodedSpan,
  decodeJson,
  decodeProtobuf,
  spansOf,
} from "./otlp-decoder.js";
import { context, randomFrom, randomSpan, span } from "./spans.js";

const RESOURCE = { "service.name": "shöp", "process.pid": 4711 };
const protobuf = new OtlpProtobufEncoder(RESOURCE);
const json = new OtlpJsonEncoder(RESOURCE);

test("resource and scope come once, before the spans", () => {
  const request = decodeProtobuf(encoded(protobuf, [span(), span()]));
  assert.equal(request.resourceSpans.length, 1);
  assert.deepEqual(attributesOf(request.resourceSpans[0]!.resource.attributes), {
    "service.name": "shöp",
    "process.pid": 4711n,
  });
  assert.equal(request.resourceSpans[0]!.scopeSpans[0]!.scope.name, "node-opentracing");
  assert.equal(spansOf(request).length, 2);
  assert.deepEqual(decodeJson(encoded(json, [span(), span()])), request);
});

test("every field of a span arrives", () => {
  const given = span({
    context: context(0x12345678, { traceState: "a=b,c=d" }),
    parentSpanId0: -1,
    parentSpanId1: 2,
    parentIsRemote: true,
    startTime: 1_763_800_000_000.25,
    endTime: 1_763_800_000_012.5,
    droppedTags: 300,
    droppedLogs: 5,
    logs: [{ timestamp: 1_763_800_000_001, fields: { event: "cache miss", key: "k", size: 3 } }],
    references: [
      { type: "follows_from", context: context(5, { isRemote: true, traceState: "x=y" }) },
      { type: REFERENCE_LINK, context: context(6) },
    ],
  });
  const decoded = one(given);
  assert.equal(hex(decoded.traceId), traceIdHex(given.context));
  assert.equal(hex(decoded.spanId), spanIdHex(given.context));
  assert.equal(hex(decoded.parentSpanId), "ffffffff00000002");
  assert.equal(decoded.traceState, "a=b,c=d");
  assert.equal(decoded.flags, 0x303);
  assert.equal(decoded.kind, 2);
  assert.equal(decoded.startTimeUnixNano, "1763800000000250000");
  assert.equal(decoded.endTimeUnixNano, "1763800000012500000");
  assert.equal(decoded.droppedAttributesCount, 300);
  assert.equal(decoded.droppedEventsCount, 5);
  assert.equal(decoded.events[0]!.name, "cache miss");
  assert.equal(decoded.events[0]!.timeUnixNano, "1763800000001000000");
  assert.deepEqual(attributesOf(decoded.events[0]!.attributes), { key: "k", size: 3n });
  const link = decoded.links[0]!;
  assert.equal(hex(link.traceId), traceIdHex(context(5)));
  assert.equal(hex(link.spanId), spanIdHex(context(5)));
  assert.equal(link.traceState, "x=y");
  assert.equal(link.flags, 0x303);
  assert.deepEqual(attributesOf(link.attributes), { "opentracing.ref_type": "follows_from" });
  assert.equal(hex(decoded.links[1]!.spanId), spanIdHex(context(6)));
  assert.deepEqual(decoded.links[1]!.attributes, []);
});

test("flags say whether the parent is remote", () => {
  assert.equal(one(span({ parentIsRemote: false })).flags, 0x103);
  assert.equal(one(span({ parentIsRemote: true })).flags, 0x303);
});

test("a root has no parent id, and a reference that only carries baggage is no link", () => {
  const decoded = one(span({ references: [{ type: "child_of", context: context(0, { spanId1: 0 }) }] }));
  assert.equal(decoded.parentSpanId, "");
  assert.deepEqual(decoded.links, []);
});

test("values keep their types", () => {
  const values: Record<string, [given: unknown, expected: unknown]> = {
    text: ["ü", "ü"],
    empty: ["", ""],
    yes: [true, true],
    zero: [0, 0n],
    "below a byte": [127, 127n],
    "above a byte": [128, 128n],
    negative: [-1, -1n],
    "32 bits": [2 ** 32 - 1, 2n ** 32n - 1n],
    "33 bits": [2 ** 32, 2n ** 32n],
    "53 bits": [-(2 ** 53 - 1), -(2n ** 53n - 1n)],
    "no exact integer": [2 ** 53, 2 ** 53],
    fraction: [0.1, 0.1],
    nan: [Number.NaN, Number.NaN],
    infinite: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    "big integer": [2n ** 63n - 1n, 2n ** 63n - 1n],
    "least big integer": [-(2n ** 63n), -(2n ** 63n)],
    "too big integer": [2n ** 63n, "9223372036854775808"],
    array: [
      [1, "a", false, null, { b: 1 }],
      [1n, "a", false, undefined, '{"b":1}'], // null is a value with nothing set
    ],
    "empty array": [[], []],
    object: [{ a: [1] }, '{"a":[1]}'],
    date: [new Date(0), "1970-01-01T00:00:00.000Z"],
    failure: [new RangeError("far"), "RangeError: far"],
    symbol: [Symbol("s"), "Symbol(s)"],
    function: [() => 1, "function"],
    "lone surrogate": ["a\ud800b", "a\ufffdb"],
    "63 characters": ["x".repeat(63), "x".repeat(63)],
    "128 characters": ["x".repeat(128), "x".repeat(128)],
    "long text": ["😀é".repeat(200), "😀é".repeat(200)],
  };
  const tags = Object.entries(values).flatMap(([name, [given]]) => [name, given]);
  const expected = Object.fromEntries(Object.entries(values).map(([name, [, value]]) => [name, value]));
  assert.deepEqual(
    attributesOf(one(span({ tags: [...tags, "null", null, "undefined", undefined] })).attributes),
    expected,
  );
});

test("more names of tags than are remembered are written like the first", () => {
  const names = Array.from({ length: 2500 }, (_, i) => `a name of its own, ${i}`);
  const spans = names.map((name, i) => span({ tags: [name, i, "the same", "text"] }));
  const decoded = spansOf(decodeProtobuf(encoded(protobuf, spans)));
  assert.deepEqual(
    decoded.map(({ attributes }) => attributesOf(attributes)),
    names.map((name, i) => ({ [name]: BigInt(i), "the same": "text" })),
  );
});

test("values that throw when they are read are shown as such and counted", () => {
  resetDiagnostics();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const hostile = {
    toJSON() {
      throw new Error("no");
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const sly = new Proxy({}, { get: () => { throw new Error("no"); } }); // biome-ignore format: one line
  const decoded = spansOf(
    decodeProtobuf(
      encoded(protobuf, [
        span({
          tags: [
            "circular",
            circular,
            "hostile",
            hostile,
            "sly",
            sly,
            "bigint inside",
            { a: 1n },
            "revoked",
            revoked.proxy,
            "fine",
            1,
          ],
          logs: [{ timestamp: 1, fields: { event: "error", "error.object": revoked.proxy } }],
        }),
      ]),
    ),
  )[0]!;
  const unreadable = "(a value that cannot be shown)";
  assert.deepEqual(attributesOf(decoded.attributes), {
    circular: unreadable,
    hostile: unreadable,
    sly: unreadable,
    "bigint inside": unreadable,
    revoked: unreadable,
    fine: 1n,
  });
  assert.equal(decoded.events[0]!.name, "exception");
  assert.equal(diagnostics()["report.encode_error"], 6);
});

test("what is no time becomes 0, and times are exact to the nanosecond", () => {
  for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY, 9_223_372_036_854, "x" as unknown as number]) {
    assert.equal(one(span({ startTime: wrong })).startTimeUnixNano, "0");
  }
  for (const [time, text] of [
    [0, "0"],
    [0.000001, "1"],
    [0.999999, "999999"],
    [0.9999999, "1000000"],
    [1.9999999, "2000000"],
    [7.000042, "7000042"],
    [1, "1000000"],
    [2 ** 20 - 1, "1048575000000"],
    [2 ** 20, "1048576000000"],
    [2 ** 32, "4294967296000000"],
    [1_763_800_000_123.5, "1763800000123500000"],
    [9_223_372_036_853, "9223372036853000000"],
  ] as const) {
    assert.equal(one(span({ startTime: time })).startTimeUnixNano, text);
    assert.equal(nanosecondsText(time), text);
  }
});

test("text is measured in its bytes: the last that a batch can hold, and the first that it cannot", () => {
  for (const character of ["x", "é", "€", "\ud800"]) {
    const most = Math.floor((8 * 1024 * 1024) / Buffer.byteLength(character));
    const buffer = new ByteBuffer(1024);
    buffer.text(character.repeat(most));
    assert.equal(buffer.length, most * Buffer.byteLength(character));
    assert.throws(() => new ByteBuffer(1024).text(character.repeat(most + 1)), RangeError);
  }
});

test("a span of 7 MiB has its place in each batch", () => {
  const text = "x".repeat(7 * 1024 * 1024 - 1024);
  for (const encoder of [protobuf, json, new ZipkinJsonEncoder("shop")]) {
    const buffer = new ByteBuffer();
    buffer.text(" ".repeat(1024 * 1024 - 1));
    encoder.encode(span({ tags: ["text", text] }), buffer);
    assert.ok(buffer.bytes.subarray(0, buffer.length).includes(text));
  }
});

test("a span too large for a batch is refused, and the next one is not", () => {
  const buffer = new ByteBuffer(1024);
  const tags = Array.from({ length: 200 }, (_, i) => [`tag${i}`, "x".repeat(60_000)]).flat();
  assert.throws(() => protobuf.encode(span({ tags }), buffer), RangeError);
  buffer.length = 0;
  protobuf.encode(span(), buffer);
  assert.equal(
    spansOf(decodeProtobuf(Buffer.concat(protobuf.body(buffer.bytes.subarray(0, buffer.length))))).length,
    1,
  );
});

test("5,000 random spans are the same in protobuf and in JSON, and as given", () => {
  const random = randomFrom(20_261_122);
  for (let batch = 0; batch < 100; batch++) {
    const given = Array.from({ length: 50 }, () => randomSpan(random));
    const fromProtobuf = decodeProtobuf(encoded(protobuf, given));
    assert.equal(JSON.stringify(fromProtobuf), JSON.stringify(decodeJson(encoded(json, given))));
    const decoded = spansOf(fromProtobuf);
    assert.equal(decoded.length, 50);
    for (let i = 0; i < 50; i++) assertSame(decoded[i]!, given[i]!);
  }
});

function assertSame(decoded: DecodedSpan, given: FinishedSpan): void {
  assert.equal(hex(decoded.traceId), traceIdHex(given.context));
  assert.equal(hex(decoded.spanId), spanIdHex(given.context));
  assert.equal(decoded.name, (given.operationName as string & { toWellFormed(): string }).toWellFormed());
  assert.equal(decoded.startTimeUnixNano, nanosecondsText(given.startTime));
  assert.equal(decoded.events.length, given.logs.length);
  assert.equal(decoded.links.length, given.references.length);
  assert.equal(decoded.droppedAttributesCount, given.droppedTags);
  const attributes = attributesOf(decoded.attributes); // throws on a name that comes twice
  for (let i = 0; i < given.tags.length; i += 2) {
    const [name, value] = [given.tags[i] as string, given.tags[i + 1]];
    if (/^(http|span|peer)\.|^error$/.test(name)) continue;
    if (typeof value === "boolean") assert.equal(attributes[name], value);
    if (typeof value === "number") assert.equal(attributes[name], Number.isSafeInteger(value) ? BigInt(value) : value);
  }
}

/** One span through both encoders. */
function one(given: FinishedSpan): DecodedSpan {
  const request: DecodedRequest = decodeProtobuf(encoded(protobuf, [given]));
  assert.deepEqual(decodeJson(encoded(json, [given])), request);
  return spansOf(request)[0]!;
}

function encoded(encoder: SpanEncoder, spans: readonly FinishedSpan[]): Buffer {
  return Buffer.concat(encoder.body(spanBytes(encoder, spans)));
}

/** The spans alone, as they stand in a batch. */
function spanBytes(encoder: SpanEncoder, spans: readonly FinishedSpan[]): Buffer {
  const buffer = new ByteBuffer(64);
  for (const one of spans) encoder.encode(one, buffer);
  return buffer.bytes.subarray(0, buffer.length);
}

function hex(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}

test("requests of our hosts say in the usual order of their tags what they say in any other, one after another", () => {
  const requests: unknown[][] = [];
  for (const component of ["node:http", "express", "кино"]) {
    for (const host of ["shop.example:8080", "user@[::1]:1", "", "h".repeat(300)]) {
      for (const url of ["/", "/a?b=c#d", "//x/y", "*", "http://other.example/p?q", `/${"p".repeat(200)}`]) {
        for (const method of ["GET", "BREW", "CONNECT"]) {
          const tags = ["http.method", method, "http.url", url, "http.scheme", "http", "http.host", host];
          requests.push(["component", component, "span.kind", "server", ...tags]);
        }
      }
    }
  }
  const later = [
    [],
    ["http.status_code", 200, "http.route", "/a/:b"],
    ["http.status_code", "404", "error", false],
    ["error", true, "http.status_code", 503],
    ["url.scheme", "wss", "server.port", 9],
    ["http.request.method", "own"],
    ["user.id", 7, "http.route", "/a/:b", "tenant", "acme"],
    ["http.status_code", 200, "http.response.status_code", 201],
    ["url.path", "/own", "server.address", "own"],
    ["peer.hostname", "h", "client.address", "c", "peer.port", "2", "network.peer.port", 3],
    ["peer.ipv6", "::1", "peer.ipv4", "10.0.0.1", "http.resend_count", 1],
    ["error", true, "error.kind", "E"],
    ["db.statement", "s", "db.query.text", "q", "db.instance", "i"],
  ];
  const usual = requests.flatMap((tags) => later.map((more) => [...tags, ...more]));
  const given = usual.map((tags) => span({ tags }));
  const turned = usual.map((tags) => span({ tags: [...tags.slice(2), ...tags.slice(0, 2)] }));
  const spans = spansOf(decodeProtobuf(encoded(protobuf, given)));
  const expected = spansOf(decodeProtobuf(encoded(protobuf, turned)));
  assert.equal(spans.length, usual.length);
  for (const [i, { attributes, ...others }] of spans.entries()) {
    const { attributes: expectedAttributes, ...expectedOthers } = expected[i]!;
    assert.equal(attributes.length, expectedAttributes.length);
    assert.deepEqual(attributesOf(attributes), attributesOf(expectedAttributes));
    assert.deepEqual(others, expectedOthers);
  }
});

test("a span's length takes one byte, two or three, whatever that of the one before took", () => {
  const lengths = [0, 10, 100, 1000, 16_000, 17_000, 70_000].flatMap((length, _, all) =>
    all.flatMap((other) => [other, length]),
  );
  const spans = lengths.map((length) => span({ tags: ["text", "x".repeat(length)] }));
  const decoded = spansOf(decodeProtobuf(encoded(new OtlpProtobufEncoder(RESOURCE), spans)));
  assert.deepEqual(
    decoded.map(({ attributes }) => String(attributesOf(attributes)["text"]).length),
    lengths,
  );
  const single = spans.map((one) => spanBytes(new OtlpProtobufEncoder(RESOURCE), [one]));
  assert.ok(spanBytes(new OtlpProtobufEncoder(RESOURCE), spans).equals(Buffer.concat(single)));
});

test("names are the same whether they are known, long, not ASCII or more than are remembered", () => {
  const names = Array.from({ length: 1_100 }, (_, i) => `name.${i}`);
  names.push("имя", "n".repeat(119), "n".repeat(120), "n".repeat(127), "n".repeat(128), "");
  const tags = names.flatMap((name) => [name, "value"]);
  for (let round = 0; round < 2; round++) {
    const { attributes } = one(span({ tags }));
    assert.deepEqual(
      attributes.map(({ key, value }) => [key, value]),
      names.map((name) => [name, { stringValue: "value" }]),
    );
  }
});
