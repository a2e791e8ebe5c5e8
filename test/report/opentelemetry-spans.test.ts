// Spans that OpenTelemetry's API made, in OTLP and Zipkin: scopes, statuses, links, events and names as they were given.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type FinishedSpan, OtlpReporter, ZipkinReporter } from "node-opentracing";
import { ByteBuffer } from "#src/report/byte-buffer.js";
import { OtlpJsonEncoder } from "#src/report/otlp-json-encoder.js";
import { OtlpProtobufEncoder } from "#src/report/otlp-protobuf-encoder.js";
import type { SpanEncoder } from "#src/report/span-encoder.js";
import { startBackEnd } from "./back-end.js";
import { attributesOf, type DecodedRequest, decodeJson, decodeProtobuf, spansOf } from "./otlp-decoder.js";
import { context, randomFrom, randomSpan, span } from "./spans.js";

const protobuf = new OtlpProtobufEncoder({ "service.name": "shop" });
const json = new OtlpJsonEncoder({ "service.name": "shop" });
const PG = { name: "pg", version: "1.2" };
const REDIS = { name: "rédis", schemaUrl: "https://schema.example/1" };

function body(encoder: SpanEncoder, spans: readonly FinishedSpan[], buffer = new ByteBuffer(64)): Buffer {
  buffer.length = 0;
  for (const one of spans) encoder.encode(one, buffer);
  const { length } = buffer;
  return Buffer.concat(encoder.body(buffer.bytes.subarray(0, length), buffer.takeRuns()));
}

/** The same from both encoders. */
function decoded(spans: readonly FinishedSpan[]): DecodedRequest {
  const request = decodeProtobuf(body(protobuf, spans));
  assert.equal(JSON.stringify(decodeJson(body(json, spans))), JSON.stringify(request));
  return request;
}

test("spans of several scopes go out in one request, those that follow one another under one scope", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const scopes = [PG, PG, undefined, REDIS, REDIS, PG];
  const request = decoded(names.map((operationName, i) => span({ operationName, scope: scopes[i] })));
  assert.equal(request.resourceSpans.length, 1);
  assert.deepEqual(
    request.resourceSpans[0]!.scopeSpans.map(({ scope, spans }) => [
      scope.name,
      spans.map(({ name }) => name).join(""),
    ]),
    [
      ["pg", "ab"],
      ["node-opentracing", "c"],
      ["rédis", "de"],
      ["pg", "f"],
    ],
  );
  assert.equal(request.resourceSpans[0]!.scopeSpans[0]!.scope.version, "1.2");
  const [, , third] = request.resourceSpans[0]!.scopeSpans as unknown as { schemaUrl: string }[];
  assert.equal(third!.schemaUrl, "https://schema.example/1");
});

test("a buffer that is used again begins with our own scope", () => {
  const buffer = new ByteBuffer(64);
  body(protobuf, [span({ scope: PG })], buffer);
  const request = decodeProtobuf(body(protobuf, [span()], buffer));
  assert.deepEqual(
    request.resourceSpans[0]!.scopeSpans.map(({ scope }) => scope.name),
    ["node-opentracing"],
  );
});

test("a span that could not be encoded leaves no trace of its scope", () => {
  const buffer = new ByteBuffer(64);
  const huge = Array.from({ length: 200 }, (_, i) => [`tag${i}`, "x".repeat(60_000)]).flat();
  protobuf.encode(span({ scope: PG }), buffer);
  const before = buffer.length;
  assert.throws(() => protobuf.encode(span({ scope: REDIS, tags: huge }), buffer), RangeError);
  buffer.length = before;
  protobuf.encode(span({ scope: PG }), buffer);
  const { length } = buffer;
  const sent = decodeProtobuf(Buffer.concat(protobuf.body(buffer.bytes.subarray(0, length), buffer.takeRuns())));
  assert.deepEqual(
    sent.resourceSpans[0]!.scopeSpans.map(({ scope }) => scope.name),
    ["pg", "pg"],
  );
});

test("1,000 random spans of random scopes are the same in protobuf and in JSON", () => {
  const random = randomFrom(20_261_125);
  const scopes = [undefined, undefined, PG, REDIS];
  for (let batch = 0; batch < 50; batch++) {
    const given = Array.from({ length: 20 }, () =>
      Object.assign(randomSpan(random), { scope: scopes[Math.floor(random() * 4)], tags: ["a", 1] }),
    );
    const request = decoded(given);
    const names = request.resourceSpans[0]!.scopeSpans.flatMap(({ scope, spans }) => spans.map(() => scope.name));
    assert.deepEqual(
      names,
      given.map(({ scope }) => scope?.name ?? "node-opentracing"),
    );
  }
});

test("a reporter sends mixed scopes in one post, and our own alone afterwards", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new OtlpReporter({ endpoint: backEnd.endpoint, scheduleDelay: 60_000 });
  reporter.report(span({ scope: PG }));
  reporter.report(span());
  await reporter.flush();
  reporter.report(span());
  await reporter.close();
  const sent = backEnd.requests.map((request) => decodeProtobuf(request.body).resourceSpans[0]!.scopeSpans);
  assert.deepEqual(
    sent.map((scopes) => scopes.map(({ scope }) => scope.name)),
    [["pg", "node-opentracing"], ["node-opentracing"]],
  );
});

test("attributes go out as they are named, whatever OpenTracing would make of them, and the status is what was set", () => {
  const tags = [
    "span.kind",
    "client",
    "http.method",
    "GET",
    "http.url",
    "http://a/",
    "error",
    true,
    "db.statement",
    "x",
  ];
  const [unset, failed, fine] = spansOf(
    decoded([
      span({ scope: PG, tags: [...tags, "http.status_code", 500] }),
      span({ scope: PG, tags, status: { code: 2, message: "it failed" } }),
      span({ scope: PG, tags, status: { code: 1, message: "" } }),
    ]),
  );
  assert.deepEqual(attributesOf(unset!.attributes), {
    "http.method": "GET",
    "http.url": "http://a/",
    error: true,
    "db.statement": "x",
    "http.status_code": 500n,
  });
  assert.equal(unset!.kind, 3);
  assert.equal(unset!.status, null);
  assert.deepEqual({ ...failed!.status }, { code: 2, message: "it failed" });
  assert.equal("error.type" in attributesOf(failed!.attributes), false);
  assert.deepEqual({ ...fine!.status }, { code: 1, message: "" });
});

test("a status set on a span of ours wins over what its tags tell, and keeps what they know of the error", () => {
  const tags = ["error", true];
  const logs = [{ timestamp: 1, fields: { event: "error", "error.object": new RangeError("no") } }];
  const [failed, fine] = spansOf(
    decoded([
      span({ tags, logs, status: { code: 2, message: "" } }),
      span({ tags, logs, status: { code: 1, message: "" } }),
    ]),
  );
  assert.deepEqual({ ...failed!.status }, { code: 2, message: "no" });
  assert.equal(attributesOf(failed!.attributes)["error.type"], "RangeError");
  assert.equal(fine!.status!.code, 1);
  assert.equal("error.type" in attributesOf(fine!.attributes), false);
});

test("events and links have their names, attributes and what was dropped of them", () => {
  const [sent] = spansOf(
    decoded([
      span({
        scope: PG,
        logs: [{ timestamp: 1, name: "error", fields: { event: "kept", list: ["a", "b"] }, droppedFields: 2 }],
        references: [{ type: "link", context: context(5), attributes: { a: 1 }, droppedAttributes: 300 }],
        droppedReferences: 7,
      }),
    ]),
  );
  const [event] = sent!.events;
  assert.equal(event!.name, "error");
  assert.deepEqual(attributesOf(event!.attributes), { event: "kept", list: ["a", "b"] });
  const dropped = [event, sent!.links[0]] as unknown as { droppedAttributesCount: number }[];
  assert.deepEqual(
    dropped.map(({ droppedAttributesCount }) => droppedAttributesCount),
    [2, 300],
  );
  assert.deepEqual(attributesOf(sent!.links[0]!.attributes), { a: 1n });
  assert.equal((sent as unknown as { droppedLinksCount: number }).droppedLinksCount, 7);
});

test("Zipkin: the scope and the status are tags, an event its name and its attributes", async (t) => {
  const backEnd = await startBackEnd(t);
  const reporter = new ZipkinReporter({ endpoint: backEnd.endpoint, serviceName: "shop" });
  const logs = [
    { timestamp: 1, name: "plain", fields: {} },
    { timestamp: 2, name: "full", fields: { a: 1 } },
  ];
  reporter.report(span({ scope: PG, tags: ["a", 1], logs, status: { code: 2, message: "it failed" } }));
  reporter.report(span({ scope: REDIS, tags: [], status: { code: 1, message: "" } }));
  await reporter.close();
  const [failed, fine] = JSON.parse(backEnd.requests[0]!.body.toString());
  assert.deepEqual(failed.tags, {
    a: "1",
    "otel.scope.name": "pg",
    "otel.scope.version": "1.2",
    "otel.status_code": "ERROR",
    error: "it failed",
  });
  assert.deepEqual(
    failed.annotations.map(({ value }: { value: string }) => value),
    ["plain", '{"full":{"a":"1"}}'],
  );
  assert.deepEqual(fine.tags, { "otel.scope.name": "rédis", "otel.status_code": "OK" });
});
