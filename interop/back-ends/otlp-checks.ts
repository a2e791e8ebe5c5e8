// Compares the spans that a back end shows as OTLP with those that were reported, field by field.

import assert from "node:assert/strict";
import { hostname } from "node:os";
import type { FinishedSpan } from "node-opentracing";
import { spanIdHex, traceIdHex } from "#src/trace-context.js";
import { VERSION } from "#src/version.js";
import type { Row, Stage } from "../part.js";
import type { Attributes, OtlpLink, OtlpSpan } from "./otlp.js";
import { idsOf, nameInScene, type Scene, SERVICE_NAME, TAGS, VALUE_LIMIT, VENDOR_STATE } from "./scene.js";
import { expectationFor, spanBySpan } from "./span-by-span.js";

/** What a service says of itself beside its name: given to the reporter. */
export const RESOURCE = { "service.version": "1.4.2-ä", "deployment.replicas": 3, "deployment.canary": true } as const;

/** What the span is in OpenTelemetry's terms: written out by hand, from its stable semantic conventions. */
interface Expected {
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status?: { readonly code: number; readonly message: string };
  readonly events?: readonly { readonly name: string; readonly attributes: Attributes }[];
  /** The spans that it links to, by name. */
  readonly links?: readonly string[];
}

const UNSET = { code: 0, message: "" };

/** One row a field, all of them over `read`: the spans of the scene as the back end shows them. */
export async function checkOtlpSpans(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly OtlpSpan[],
): Promise<void> {
  const all = expectedSpans(scene);
  const bySpan = spanBySpan(stage, row, scene, read, ({ spanId }) => spanId);
  const check = (what: string, compare: (reported: FinishedSpan, read: OtlpSpan, expected: Expected) => void) =>
    bySpan(what, (reported, found) => compare(reported, found, expectationFor(reported, all)));
  await check("ids, parents", (reported, { traceId, spanId, parentId }) =>
    assert.deepEqual({ traceId, spanId, parentId }, idsOf(reported)),
  );
  await check("names, kinds", ({ operationName }, { name, kind }, expected) =>
    assert.deepEqual({ name, kind }, { name: operationName, kind: expected.kind }),
  );
  await check("times", (reported, { start, end, events }) => {
    assertTime(start, reported.startTime);
    assertTime(end, reported.endTime);
    for (const [i, { time }] of events.entries()) assertTime(time, reported.logs[i]!.timestamp);
  });
  await check("attributes", (_, { attributes }, expected) => assert.deepEqual(attributes, expected.attributes));
  await check("status", (_, { status }, expected) => assert.deepEqual(status, expected.status ?? UNSET));
  await check("events", (_, { events }, expected) => {
    const shown = events.map(({ name, attributes }) => ({ name, attributes }));
    assert.deepEqual(shown, expected.events ?? []);
  });
  await check("links", (_, { links }, expected) =>
    assert.deepEqual(
      links,
      (expected.links ?? []).map((name) => linkTo(scene, name)),
    ),
  );
  await check("state, flags", (reported, { traceState, flags }) => {
    assert.equal(traceState, reported.context.traceState);
    assert.equal(flags & 0xff, reported.context.traceFlags & 0xff);
    assert.equal((flags & 0x200) !== 0, reported.parentIsRemote);
  });
  await check("resource", (_, { resource, scope }) => {
    assert.deepEqual(
      { ...resource },
      {
        "process.pid": BigInt(process.pid),
        "host.name": hostname(),
        "service.version": RESOURCE["service.version"],
        "deployment.replicas": 3n,
        "deployment.canary": true,
        "service.name": SERVICE_NAME,
        "telemetry.sdk.name": "node-opentracing",
        "telemetry.sdk.language": "nodejs",
        "telemetry.sdk.version": VERSION,
      },
    );
    assert.equal(scope, `node-opentracing ${VERSION}`);
  });
}

/** Doubles hold milliseconds since 1970 to about a quarter of a microsecond. */
function assertTime(nanoseconds: bigint, milliseconds: number): void {
  const off = Number(nanoseconds - BigInt(Math.trunc(milliseconds)) * 1_000_000n) - (milliseconds % 1) * 1e6;
  assert.ok(Math.abs(off) < 500, `${nanoseconds} ns is not ${milliseconds} ms`);
}

function linkTo(scene: Scene, name: string): OtlpLink {
  const { context } = scene.spans.find((span) => nameInScene(span) === name)!;
  const attributes = { "opentracing.ref_type": "follows_from" };
  return { traceId: traceIdHex(context), spanId: spanIdHex(context), traceState: VENDOR_STATE, attributes };
}

function expectedSpans(scene: Scene): Readonly<Record<string, Expected>> {
  const server = (path: string, status = 200n): Attributes => ({
    component: "node:http",
    "http.request.method": "GET",
    "url.path": path,
    "url.scheme": "http",
    "server.address": "127.0.0.1",
    "server.port": BigInt(scene.port),
    "http.response.status_code": status,
  });
  const stock = scene.spans.find((span) => nameInScene(span) === "server /stock")!;
  const { message, stack } = stock.logs[0]!.fields;
  const url = `http://127.0.0.1:${scene.port}/stock`;
  return {
    "server /orders?page=2": { kind: 2, attributes: { ...server("/orders"), "url.query": "page=2" } },
    "server /b3": { kind: 2, attributes: server("/b3") },
    "server /debug": { kind: 2, attributes: server("/debug") },
    "server /stock": {
      kind: 2,
      attributes: { ...server("/stock", 503n), "error.type": "E_STOCK" },
      status: { code: 2, message: "no stock left: 在庫なし" },
      events: [
        {
          name: "exception",
          attributes: { "exception.type": "RangeError", "exception.message": message, "exception.stacktrace": stack },
        },
      ],
    },
    [`client ${url}`]: {
      kind: 3,
      attributes: {
        component: "fetch",
        "http.request.method": "GET",
        "url.full": url,
        "server.address": "127.0.0.1",
        "server.port": BigInt(scene.port),
        "http.response.status_code": 503n,
        "error.type": "503",
      },
      status: { code: 2, message: "" },
    },
    "päck 🎁": {
      kind: 1,
      attributes: {
        "a.text": TAGS["a.text"],
        "a.empty": "",
        "an.int": 42n,
        "a.negative": -7n,
        "a.big": 4503599627370497n,
        "a.bigint": 9007199254740993n,
        "a.float": 0.1,
        "a.huge.float": 1e300,
        yes: true,
        no: false,
        "a.list": ["x", "ÿ"],
        "a.list.of.numbers": [1n, 2.5, -3n],
        "an.object": '{"a":[1,{"b":null}]}',
        "a.cut": "z".repeat(VALUE_LIMIT),
      },
      events: [
        { name: "cache miss", attributes: { key: "ключ", tries: 2n, hit: false, ratio: 0.5 } },
        { name: "packed", attributes: {} },
      ],
    },
    audit: { kind: 1, attributes: {}, links: ["päck 🎁"] },
    publish: { kind: 4, attributes: {} },
    consume: { kind: 5, attributes: {}, status: { code: 1, message: "" }, links: ["audit"] },
    query: {
      kind: 3,
      attributes: {
        "db.type": "sql",
        "db.query.text": "SELECT 1",
        "peer.service": "orders-db",
        "network.peer.address": "127.0.0.9",
        "network.peer.port": 5432n,
      },
    },
  };
}
