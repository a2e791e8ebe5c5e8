// Zipkin v2 JSON.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FinishedSpan } from "node-opentracing";
import { ZipkinReporter } from "#src/report/zipkin-reporter.js";
import { DEBUG, SAMPLED, spanIdHex, traceIdHex } from "#src/trace-context.js";
import { startBackEnd } from "./back-end.js";
import { context, randomFrom, randomSpan, span } from "./spans.js";

test("a span with everything", async (t) => {
  const given = span({
    parentSpanId0: 1,
    parentSpanId1: -1,
    startTime: 1_763_800_000_000.25,
    endTime: 1_763_800_000_012.5,
    tags: [
      "span.kind",
      "client",
      "http.url",
      "http://stock:81/items?x=1",
      "http.status_code",
      500,
      "error",
      true,
      "n",
      null,
    ],
    logs: [
      { timestamp: 1_763_800_000_001, fields: { event: "retry" } },
      { timestamp: 1_763_800_000_002, fields: { event: "error", "error.object": new TypeError("no") } },
    ],
  });
  assert.deepEqual(await zipkin(t, [given]), [
    {
      traceId: traceIdHex(given.context),
      id: spanIdHex(given.context),
      parentId: "00000001ffffffff",
      kind: "CLIENT",
      name: "GET /orders",
      timestamp: 1_763_800_000_000_250,
      duration: 12_250,
      localEndpoint: { serviceName: "shop" },
      remoteEndpoint: { serviceName: "stock", port: 81 },
      annotations: [
        { timestamp: 1_763_800_000_001_000, value: "retry" },
        { timestamp: 1_763_800_000_002_000, value: '{"event":"error","error.kind":"TypeError","message":"no"}' },
      ],
      tags: {
        "http.url": "http://stock:81/items?x=1",
        "http.status_code": "500",
        "http.path": "/items",
        error: "no",
      },
    },
  ]);
});

test("error=false is no error tag, and a span of no time lasts a microsecond", async (t) => {
  const [sent] = await zipkin(t, [span({ tags: ["error", false], endTime: span().startTime })]);
  assert.deepEqual(sent!["tags"], {});
  assert.equal(sent!["duration"], 1);
  assert.equal(sent!["kind"], undefined);
  assert.equal(sent!["remoteEndpoint"], undefined);
});

test("times that are none, as of nanoseconds, are such as Zipkin takes: it refuses all spans of a request for one", async (t) => {
  const { startTime, endTime } = span();
  for (const wrong of [startTime * 1e6, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    const logs = [{ timestamp: wrong, fields: { event: "late" } }];
    const sent = await zipkin(t, [
      span({ startTime: wrong, endTime: wrong, logs }),
      span({ startTime: wrong }),
      span({ endTime: wrong }),
    ]);
    assert.deepEqual(
      sent.map(({ timestamp, duration, annotations }) => [timestamp, duration, annotations]),
      [
        // A timestamp of 0 is unknown, of an annotation it is wrong.
        [0, 1, [{ timestamp: 1, value: "late" }]],
        [0, wrong === -1 ? Math.round((endTime + 1) * 1000) : 1, undefined],
        [Math.round(startTime * 1000), 1, undefined],
      ],
    );
  }
});

test("what limits have dropped is told in tags", async (t) => {
  const tags: unknown[] = [];
  const sent = await zipkin(t, [
    span({ tags, droppedTags: 1, droppedLogs: 2, droppedReferences: 3 }),
    span({ tags, droppedTags: 0, droppedLogs: 0 }),
  ]);
  assert.deepEqual(
    sent.map((one) => one["tags"]),
    [{ "otel.dropped_attributes_count": "1", "otel.dropped_events_count": "2", "otel.dropped_links_count": "3" }, {}],
  );
});

test("a kind that Zipkin does not know stays a tag", async (t) => {
  const kinds = ["broker", "internal", "consumer"];
  const sent = await zipkin(
    t,
    kinds.map((kind) => span({ tags: ["span.kind", kind] })),
  );
  assert.deepEqual(
    sent.map(({ kind, tags }) => [kind, tags]),
    [
      [undefined, { "span.kind": "broker" }],
      [undefined, {}],
      ["CONSUMER", {}],
    ],
  );
});

test("an attribute error of OpenTelemetry's API stays a tag, unless it is false or the status tells more", async (t) => {
  const scope = { name: "pg" };
  const sent = await zipkin(t, [
    span({ scope, tags: ["error", "quota"] }),
    span({ scope, tags: ["error", false] }),
    span({ scope, tags: ["error", "quota"], status: { code: 1, message: "" } }),
    span({ scope, tags: ["error", "quota"], status: { code: 2, message: "" } }),
    span({ scope, tags: ["error", "quota"], status: { code: 2, message: "it failed" } }),
    span({ scope, tags: [], status: { code: 2, message: "" } }),
  ]);
  assert.deepEqual(
    sent.map(({ tags }) => (tags as Record<string, string>)["error"]),
    ["quota", undefined, undefined, "quota", "it failed", ""],
  );
});

test("a called address is no service's name", async (t) => {
  const calling = (url: string, ...more: string[]): FinishedSpan =>
    span({ tags: ["span.kind", "client", "http.url", url, ...more] });
  const sent = await zipkin(t, [
    calling("http://127.0.0.1:81/"),
    calling("http://[2001:db8::1]/"),
    calling("http://127.0.0.1:81/", "peer.service", "stock"),
    calling("http://127.0.0.1.example/"),
  ]);
  assert.deepEqual(
    sent.map(({ remoteEndpoint }) => remoteEndpoint),
    [
      { ipv4: "127.0.0.1", port: 81 },
      { ipv6: "2001:db8::1", port: 80 },
      { serviceName: "stock", ipv4: "127.0.0.1", port: 81 },
      { serviceName: "127.0.0.1.example", port: 80 },
    ],
  );
});

test("whom a client or a producer has called, OpenTelemetry's attributes tell too", async (t) => {
  const sent = await zipkin(
    t,
    [
      ["span.kind", "client", "server.address", "db", "server.port", 5432, "network.peer.address", "10.0.0.7"],
      ["span.kind", "producer", "net.peer.name", "kafka", "net.peer.port", "9092"],
      ["span.kind", "client", "network.peer.address", "10.0.0.7", "network.peer.port", 6379],
      ["span.kind", "client", "network.peer.address", "2001:db8::1"],
      ["span.kind", "client", "peer.hostname", "cache", "peer.ipv4", "10.0.0.7", "peer.port", 6379],
      ["span.kind", "client", "server.address", "db", "peer.service", "orders"],
      ["span.kind", "client", "http.url", "http://stock:81/", "server.address", "proxy", "server.port", 3128],
      ["span.kind", "client", "server.address", "", "server.port", 5432],
      ["span.kind", "server", "server.address", "shop", "server.port", 80],
      ["server.address", "shop"],
    ].map((tags) => span({ tags })),
  );
  assert.deepEqual(
    sent.map(({ remoteEndpoint }) => remoteEndpoint),
    [
      { serviceName: "db", port: 5432 },
      { serviceName: "kafka", port: 9092 },
      { ipv4: "10.0.0.7", port: 6379 },
      { ipv6: "2001:db8::1" },
      { serviceName: "cache", ipv4: "10.0.0.7", port: 6379 },
      { serviceName: "orders" },
      { serviceName: "stock", port: 81 },
      undefined,
      undefined,
      undefined,
    ],
  );
});

test("a span whose caller wants it kept, as B3's debug flag says, is marked so", async (t) => {
  const debug = context(1, { traceFlags: SAMPLED | DEBUG });
  const [kept, other] = await zipkin(t, [span({ context: debug }), span()]);
  assert.equal(kept!["debug"], true);
  assert.equal("debug" in other!, false);
});

test("1,000 random spans are valid: ids, times, and tags that are texts", async (t) => {
  const random = randomFrom(9411);
  const sent = await zipkin(
    t,
    Array.from({ length: 1000 }, () => randomSpan(random)),
  );
  assert.equal(sent.length, 1000);
  for (const { traceId, id, timestamp, duration, tags } of sent) {
    assert.match(traceId as string, /^[0-9a-f]{32}$/);
    assert.match(id as string, /^[0-9a-f]{16}$/);
    assert.ok(Number.isInteger(timestamp) && Number.isInteger(duration) && (duration as number) > 0);
    for (const value of Object.values(tags as object)) assert.equal(typeof value, "string");
  }
});

async function zipkin(
  t: Parameters<typeof startBackEnd>[0],
  spans: readonly FinishedSpan[],
): Promise<Record<string, unknown>[]> {
  const backEnd = await startBackEnd(t, (response) => response.writeHead(202).end());
  const reporter = new ZipkinReporter({ endpoint: backEnd.endpoint, serviceName: "shop" });
  for (const one of spans) reporter.report(one);
  await reporter.close();
  return backEnd.requests.flatMap(({ body }) => JSON.parse(body.toString()));
}
