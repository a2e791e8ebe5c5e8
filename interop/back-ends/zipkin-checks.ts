// Compares the spans that Zipkin shows with those that were reported, field by field.

import assert from "node:assert/strict";
import type { FinishedSpan } from "node-opentracing";
import type { Row, Stage } from "../part.js";
import { idsOf, nameInScene, type Scene, SERVICE_NAME, TAGS, VALUE_LIMIT } from "./scene.js";
import { assertInScene, assertMicroseconds, expectationFor, spanBySpan } from "./span-by-span.js";

/** A span of Zipkin's HTTP API: https://zipkin.io/zipkin-api/#/default/get_trace__traceId_ */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name?: string;
  /** Microseconds, as the duration. */
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint?: object;
  readonly remoteEndpoint?: object;
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
  readonly debug?: boolean;
}

/** What the span is in Zipkin's terms: written out by hand. */
interface Expected {
  readonly kind?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly remoteEndpoint?: object;
  readonly annotations?: readonly string[];
  readonly debug?: boolean;
}

/** One row a field, all of them over `read`: the spans of the scene as Zipkin shows them. */
export async function checkZipkinSpans(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly ZipkinSpan[],
): Promise<void> {
  const check = await checkIdentity(stage, row, scene, read);
  await check("tags", (_, { tags = {} }, expected) => assert.deepEqual(tags, expected.tags ?? {}));
  await check("annotations", (_, { annotations = [] }, expected) => {
    assert.deepEqual(
      annotations.map(({ value }) => value),
      expected.annotations ?? [],
    );
  });
  await check("endpoints", (_, { localEndpoint, remoteEndpoint }, expected) => {
    assert.deepEqual(localEndpoint, { serviceName: SERVICE_NAME });
    assert.deepEqual(remoteEndpoint, expected.remoteEndpoint);
  });
  // Ours never share a span with their caller: a server's span is the client's child.
  await check("debug, shared", (_, { debug, shared }, expected) =>
    assert.deepEqual({ debug, shared }, { debug: expected.debug, shared: undefined }),
  );
}

/** The same for spans that a Collector took as OTLP: of the tags some, for it keeps OpenTelemetry's names. */
export async function checkTranslatedSpans(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly ZipkinSpan[],
): Promise<void> {
  const check = await checkIdentity(stage, row, scene, read);
  assertInScene(scene, TRANSLATED_TAGS);
  await check("tags", (reported, { tags = {} }) => {
    const expected = TRANSLATED_TAGS[nameInScene(reported)] ?? {};
    for (const [name, value] of Object.entries(expected)) assert.equal(tags[name], value, name);
  });
  await check("annotations", (reported, { annotations = [] }) =>
    assert.equal(annotations.length, reported.logs.length),
  );
  await check("endpoints", (_, { localEndpoint }) => assert.deepEqual(localEndpoint, { serviceName: SERVICE_NAME }));
}

const TRANSLATED_TAGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "server /stock": { "url.path": "/stock", "http.response.status_code": "503", "error.type": "E_STOCK" },
  "päck 🎁": { "an.int": "42", "a.float": "0.1", no: "false", "a.list": '["x","ÿ"]', "a.text": TAGS["a.text"] },
};

type Check = (
  what: string,
  compare: (reported: FinishedSpan, read: ZipkinSpan, expected: Expected) => void,
) => Promise<void>;

/** The rows that are the same for both. Answers how to check more. */
async function checkIdentity(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly ZipkinSpan[],
): Promise<Check> {
  const all = expectedSpans(scene);
  const bySpan = spanBySpan(stage, row, scene, read, ({ id }) => id);
  const check: Check = (what, compare) =>
    bySpan(what, (reported, found) => compare(reported, found, expectationFor(reported, all)));
  await check("ids, parents", (reported, { traceId, id, parentId = "" }) => {
    const ids = idsOf(reported);
    // Zipkin shows 64-bit trace ids as they were before there were longer ones.
    assert.deepEqual({ traceId, spanId: id, parentId }, { ...ids, traceId: ids.traceId.replace(/^0{16}/, "") });
  });
  await check("names, kinds", (reported, { name, kind }, expected) => {
    // Zipkin keeps names in lower case.
    assert.deepEqual({ name, kind }, { name: reported.operationName.toLowerCase(), kind: expected.kind });
  });
  await check("times", (reported, { timestamp, duration, annotations = [] }) => {
    assertMicroseconds(timestamp, reported.startTime);
    assertMicroseconds(duration, Math.max(0.001, reported.endTime - reported.startTime));
    for (const [i, annotation] of annotations.entries()) {
      assertMicroseconds(annotation.timestamp, reported.logs[i]!.timestamp);
    }
  });
  return check;
}

function expectedSpans(scene: Scene): Readonly<Record<string, Expected>> {
  const host = `127.0.0.1:${scene.port}`;
  const server = (url: string, path = url, status = "200"): Readonly<Record<string, string>> => ({
    component: "node:http",
    "http.method": "GET",
    "http.url": url,
    "http.path": path,
    "http.scheme": "http",
    "http.host": host,
    "http.status_code": status,
  });
  const url = `http://${host}/stock`;
  const message = "no stock left: 在庫なし";
  return {
    "server /orders?page=2": { kind: "SERVER", tags: server("/orders?page=2", "/orders") },
    "server /b3": { kind: "SERVER", tags: server("/b3") },
    "server /debug": { kind: "SERVER", tags: server("/debug"), debug: true },
    "server /stock": {
      kind: "SERVER",
      tags: { ...server("/stock", "/stock", "503"), error: message },
      annotations: [JSON.stringify({ event: "error", message, "error.kind": "E_STOCK" })],
    },
    [`client ${url}`]: {
      kind: "CLIENT",
      tags: {
        component: "fetch",
        "http.method": "GET",
        "http.url": url,
        "http.path": "/stock",
        "http.status_code": "503",
        error: "503",
      },
      remoteEndpoint: { ipv4: "127.0.0.1", port: scene.port },
    },
    "päck 🎁": {
      tags: {
        "a.text": TAGS["a.text"],
        "a.empty": "",
        "an.int": "42",
        "a.negative": "-7",
        "a.big": "4503599627370497",
        "a.bigint": "9007199254740993",
        "a.float": "0.1",
        "a.huge.float": "1e+300",
        yes: "true",
        no: "false",
        "a.list": '["x","ÿ"]',
        "a.list.of.numbers": "[1,2.5,-3]",
        "an.object": '{"a":[1,{"b":null}]}',
        "a.cut": "z".repeat(VALUE_LIMIT),
      },
      annotations: [
        JSON.stringify({ event: "cache miss", key: "ключ", tries: "2", hit: "false", ratio: "0.5" }),
        "packed",
      ],
    },
    audit: {},
    publish: { kind: "PRODUCER" },
    consume: { kind: "CONSUMER" },
    query: {
      kind: "CLIENT",
      tags: {
        "db.type": "sql",
        "db.statement": "SELECT 1",
        "peer.service": "orders-db",
        "peer.ipv4": "127.0.0.9",
        "peer.port": "5432",
      },
      remoteEndpoint: { serviceName: "orders-db", ipv4: "127.0.0.9", port: 5432 },
    },
  };
}
