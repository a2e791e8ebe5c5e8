// Spans that are copied from a template say what they say when they are encoded as a whole.

import assert from "node:assert/strict";
import { once } from "node:events";
import http, { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type FinishedSpan, initTracing } from "node-opentracing";
import { ByteBuffer } from "#src/report/byte-buffer.js";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import { kindOf } from "#src/report/semantic-conventions.js";
import { DifferingTag, type SpanTemplate, SpanTemplates } from "#src/report/span-template.js";
import { attributesOf, type DecodedSpan, decodeProtobuf, spansOf } from "./otlp-decoder.js";
import { randomFrom, randomSpan, span } from "./spans.js";

const GET = ["component", "node:http", "span.kind", "server", "http.method", "GET"];
const HERE = ["http.scheme", "http", "http.host", "shop.example"];

/** Where the tags are that each span encodes for itself. */
function placesOf(template: SpanTemplate | undefined): readonly number[] | undefined {
  return template?.differing.map((tag) => tag.at);
}

test("requests of node:http and fetch, served and sent, soon have a template", async () => {
  const spans: FinishedSpan[] = [];
  const reporter = { report: (span: FinishedSpan) => spans.push(span), flush: async () => {}, close: async () => {} };
  const tracing = initTracing({ reporter });
  const server = createServer((_, response) => response.end("hello"));
  try {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hello?a=b`;
    for (let i = 0; i < 12; i++) {
      await (await fetch(url)).text();
      const [response] = (await once(http.get(url), "response")) as [http.IncomingMessage];
      await once(response.resume(), "end");
    }
    while (spans.length < 48) await new Promise(setImmediate);
  } finally {
    server.close();
    await tracing.close();
  }
  const templates = new SpanTemplates(() => new Uint8Array());
  const found = new Map<unknown, (SpanTemplate | undefined)[]>();
  for (const { operationName, tags } of spans) {
    const sort = `${tags[3]} ${tags[1]}`;
    found.set(sort, [...(found.get(sort) ?? []), templates.find(operationName, kindOf(tags), tags)]);
  }
  assert.deepEqual([...found.keys()].sort(), ["client fetch", "client node:http", "server node:http"]);
  for (const [sort, ofSort] of found) assert.ok(ofSort.at(-1), `the last span of ${sort} has no template`);
});

test("a value that changes is left to each span, and one that does not is copied", () => {
  const encoded: unknown[][] = [];
  const templates = new SpanTemplates((name, kind, tags) => {
    encoded.push([name, kind, ...tags]);
    return new Uint8Array();
  });
  const route = (url: string, status: number): readonly unknown[] => [
    ...GET,
    "http.url",
    url,
    ...HERE,
    "http.status_code",
    status,
  ];
  const differing: (readonly number[] | undefined)[] = [];
  for (let i = 0; i < 30; i++) differing.push(placesOf(templates.find("GET /:id", 2, route(`/${i}`, 200))));
  assert.deepEqual(differing.slice(0, 11), new Array(11).fill(undefined));
  assert.deepEqual(differing.slice(11), new Array(19).fill([6]));
  assert.deepEqual(encoded.at(-1), ["GET /:id", 2, ...GET, ...HERE, "http.status_code", 200]);

  for (let i = 0; i < 9; i++) assert.equal(templates.find("GET /:id", 2, route("/", 404 + i)), undefined);
  assert.deepEqual(placesOf(templates.find("GET /:id", 2, route("/", 200))), [6, 12]);
});

test("values that may change in themselves, or are long, are never copied", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  const list = [1];
  const tags = [
    "list",
    list,
    "big",
    1n,
    "no",
    null,
    "long",
    "x".repeat(101),
    "short",
    "x".repeat(100),
    "is",
    undefined,
  ];
  templates.find("work", 1, tags);
  templates.find("work", 1, tags);
  assert.deepEqual(placesOf(templates.find("work", 1, tags)), [0, 2, 6]);
});

test("of a tag that differs the first eight values are kept, unless there are more, or one may change in itself", () => {
  const written = new ByteBuffer(64);
  const keep = (tag: DifferingTag, values: readonly unknown[]): void => {
    for (const value of values) {
      const start = written.length;
      written.text(String(value));
      tag.keep(value, written, start);
    }
  };
  const status = new DifferingTag(0, true);
  keep(status, [200, "200", true, Number.NaN, undefined, "ok"]);
  const kept = (tag: DifferingTag, values: readonly unknown[]): readonly (string | undefined)[] =>
    values.map((value) => tag.encodingOf(value) && Buffer.from(tag.encodingOf(value)!).toString());
  written.bytes.fill(0); // the batch is sent, and its buffer used again
  assert.deepEqual(kept(status, [200, "200", true, Number.NaN, undefined, "ok", 404, null]), [
    ...["200", "200", "true", "NaN", "undefined", "ok"],
    ...[undefined, undefined],
  ]);
  const eight = [...Array(8).keys()];
  const few = new DifferingTag(0, true);
  keep(few, eight);
  assert.deepEqual(kept(few, eight), eight.map(String));
  for (const last of [8, [1], 1n, "x".repeat(101)]) {
    const many = new DifferingTag(0, true);
    keep(many, [...eight.slice(0, 7), last, last === 8 ? 9 : 7, 0]);
    assert.deepEqual(kept(many, [0, last]), [undefined, undefined], String(last));
  }

  const templates = new SpanTemplates(() => new Uint8Array());
  const five = [...Array(5).keys()].flatMap((i) => [`list ${i}`, [i]]);
  templates.find("work", 1, five);
  templates.find("work", 1, five);
  const differing = templates.find("work", 1, five)!.differing;
  for (const tag of differing) keep(tag, [1]);
  const isKept = differing.map((tag) => tag.encodingOf(1) !== undefined);
  assert.deepEqual(isKept, [...new Array(4).fill(true), false]);
});

test("tags that say the same in other words have no template", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  const refused: (readonly [string, 1 | 2 | 3, readonly unknown[]])[] = [
    ["absolute", 2, [...GET, "http.url", "http://other.example/", ...HERE]],
    ["twice", 2, [...GET, "http.url", "/", ...HERE, "url.path", "/own"]],
    ["tunnel", 3, ["component", "node:http", "span.kind", "client", "http.method", "CONNECT", "http.url", "a:1"]],
    ["client's host", 3, ["span.kind", "client", "http.url", "http://a/", "http.host", "b"]],
    ["peer", 3, ["peer.ipv4", "10.0.0.1", "peer.ipv6", "::1"]],
    ["many", 1, Array.from({ length: 66 }, (_, i) => `name ${i}`)],
  ];
  for (const [name, kind, tags] of refused) {
    for (let i = 0; i < 5; i++) assert.equal(templates.find(name, kind, tags), undefined, name);
  }
});

test("a fifth list of tags takes the place of an earlier one when it comes often, and no list of 33 tags is remembered", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  const find = (tags: readonly unknown[]): unknown => templates.find("GET", 1, tags);
  for (let i = 0; i < 10; i++) for (const name of ["a", "b", "c", "d"]) find([name, 1]);
  assert.ok(find(["d", 1]));
  for (let i = 0; i < 9; i++) assert.equal(find(["e", 1]), undefined);
  assert.ok(find(["e", 1]));
  assert.ok(find(["d", 1]));
  assert.equal(find(["b", 1]), undefined); // the oldest: that of "a" came with the second round

  const list = (count: number): unknown[] => Array.from({ length: 2 * count }, (_, i) => `${i}`);
  for (const [count, expected] of [
    [32, true],
    [33, false],
  ] as const) {
    templates.find(`${count}`, 1, list(count));
    templates.find(`${count}`, 1, list(count));
    assert.equal(templates.find(`${count}`, 1, list(count)) !== undefined, expected);
  }
});

test("long names are not remembered, and what is does not keep the text it was cut from", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  const long = "x".repeat(101);
  for (let i = 0; i < 3; i++) {
    assert.equal(templates.find(long, 1, ["a", 1]), undefined);
    assert.equal(templates.find("short", 1, [long, 1]), undefined);
  }
  globalThis.gc!();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 200; i++) {
    const text = `${i} ${"y".repeat(100_000)}`;
    for (let j = 0; j < 3; j++) templates.find(text.slice(0, 50), 1, ["value", text.slice(50, 100)]);
  }
  globalThis.gc!();
  const kept = process.memoryUsage().heapUsed - before;
  assert.ok(kept < 2_000_000, `${kept} bytes are kept`);
  assert.ok(templates.find(`0 ${"y".repeat(48)}`, 1, ["value", "y".repeat(50)]));
});

test("tags whose names are no text, as JavaScript can set, have no template and are left out each time", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  for (const name of [Object.create(null), Symbol("name"), 7]) {
    for (let i = 0; i < 5; i++) assert.equal(templates.find("GET", 2, ["a", 1, name, 2]), undefined);
    const odd = Array.from({ length: 5 }, () => span({ operationName: "GET", tags: ["a", 1, name, 2] as never }));
    for (const { attributes } of decoded(odd)) assert.deepEqual(attributesOf(attributes), { a: 1n });
  }
});

test("names beyond those that are remembered make room for themselves", () => {
  const templates = new SpanTemplates(() => new Uint8Array());
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 600; i++) assert.equal(templates.find(`order ${i}`, 1, ["a", 1]), undefined);
  }
  templates.find("order 599", 1, ["a", 1]);
  assert.deepEqual(placesOf(templates.find("order 599", 1, ["a", 1])), []);
});

/** All that `writeTag` knows, and some that it does not. */
const NAMES = [
  ...["component", "error", "http.method", "http.url", "http.host", "http.scheme", "http.status_code"],
  ...["http.resend_count", "http.request.method", "http.request.method_original", "http.request.resend_count"],
  ...["http.response.status_code", "url.full", "url.path", "url.query", "url.scheme", "server.address", "server.port"],
  ...["client.address", "network.peer.address", "network.peer.port", "peer.hostname", "peer.ipv4", "peer.ipv6"],
  ...["peer.port", "error.kind", "error.type", "db.statement", "db.query.text", "db.instance", "db.namespace", "x"],
];

test("whatever spans come one after another, each says what it says alone", () => {
  const random = randomFrom(5);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const urls = ["/", "/a?b=c", "*", "http://other.example/p?q", "shop.example:443", `/${"p".repeat(200)}`];
  const shapes: (() => unknown[])[] = [
    () => [...GET, "http.url", oneOf(urls), ...HERE, "http.status_code", oneOf([200, 404, 503])],
    () => [...GET.slice(0, 5), oneOf(["GET", "CONNECT", "BREW"]), "http.url", oneOf(urls), ...HERE, "error", true],
    () => ["component", "fetch", "span.kind", "client", ...GET.slice(4), "http.url", oneOf(urls)],
    () => ["component", "fetch", "span.kind", oneOf(["client", "server", "odd"]), "http.method", "CONNECT"],
    () => ["span.kind", oneOf(["client", "producer", "odd"]), "order", oneOf([1, -1, 0.5, 2 ** 28, 127, 128, true])],
    () => ["tenant", oneOf(["acme", "é", "", "x".repeat(120), null, undefined]), "list", [random()], "nan", Number.NaN],
    () => ["n", oneOf([0, 0x7f, 0x80, 0x3fff, 0x4000, 0x1fffff, 0x200000, 0xfffffff, 0x10000000, -0, -1])],
    () => [...randomSpan(random).tags],
  ];
  const values = ["GET", "CONNECT", "/a", "http://a:1/b", "a:1", "server", "http.url", 200, "200", true, 0.5];
  for (let i = 0; i < 100; i++) {
    const names = NAMES.filter(() => random() < 0.2).sort(() => random() - 0.5);
    const kind = oneOf(["server", "client", "internal"]);
    shapes.push(() => ["span.kind", kind, ...names.flatMap((name) => [name, oneOf(values)])]);
  }
  const spans = Array.from({ length: 10_000 }, () => {
    const shape = Math.floor(random() * shapes.length);
    return span({ operationName: oneOf([`é ${shape}`, "GET"]), tags: shapes[shape]!() });
  });
  const templates = new SpanTemplates(() => new Uint8Array());
  const found = spans.filter(({ operationName, tags }) => templates.find(operationName, kindOf(tags), tags));
  assert.ok(found.length > 1000, `only ${found.length} have a template`);
  const together = decoded(spans);
  assert.equal(together.length, spans.length);
  for (const [i, one] of spans.entries()) assert.deepEqual(inOrder(together[i]!), inOrder(decoded([one])[0]!));
});

function decoded(spans: readonly FinishedSpan[]): readonly DecodedSpan[] {
  const encoder = new OtlpProtobufEncoder({});
  const buffer = new ByteBuffer(64);
  for (const one of spans) encoder.encode(one, buffer);
  return spansOf(decodeProtobuf(Buffer.concat(encoder.body(buffer.bytes.subarray(0, buffer.length)))));
}

/** The order of attributes means nothing, but that each comes once does. */
function inOrder({ attributes, ...others }: DecodedSpan): unknown {
  return { ...others, attributes: attributesOf(attributes), count: attributes.length };
}
