// Compares the spans that Jaeger's query API shows to its user interface with those that were reported.

import assert from "node:assert/strict";
import type { FinishedSpan, TraceContext } from "node-opentracing";
import { spanIdHex, traceIdHex } from "#src/trace-context.js";
import type { Row, Stage } from "../part.js";
import type { JaegerSpan, JaegerTag } from "./jaeger.js";
import { idsOf, nameInScene, type Scene, SERVICE_NAME } from "./scene.js";
import { assertInScene, assertMicroseconds, spanBySpan } from "./span-by-span.js";

/** The kinds that Jaeger shows, by our tag; work inside a process has none of ours. */
const kindOf = ({ tags }: FinishedSpan): unknown =>
  tags.includes("span.kind") ? tags[tags.indexOf("span.kind") + 1] : "internal";

/** Tags that are only told as Jaeger's own: some of each kind, by the span's name. */
const SOME_TAGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "server /stock": { error: true, "otel.status_code": "ERROR", "otel.status_description": "no stock left: 在庫なし" },
  "päck 🎁": { "an.int": 42, "a.negative": -7, "a.float": 0.1, yes: true, no: false, "a.list": '["x","ÿ"]' },
  consume: { "otel.status_code": "OK" },
};

/** One row a field, all of them over `read`. */
export async function checkJaegerSpans(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly JaegerSpan[],
): Promise<void> {
  assertInScene(scene, SOME_TAGS);
  const check = spanBySpan(stage, row, scene, read, ({ spanID }) => spanID);
  await check("ids, parents", (reported, { traceID, spanID, references }) => {
    const { spanId, parentId } = idsOf(reported);
    const traceId = shown(reported.context);
    assert.deepEqual({ traceID, spanID }, { traceID: traceId, spanID: spanId });
    const parent = { refType: "CHILD_OF", traceID: traceId, spanID: parentId };
    // Where a span follows from its parent, Jaeger shows the one reference.
    const isFollower = reported.references.some(({ context }) => spanIdHex(context) === parentId);
    assert.deepEqual(
      references.filter(({ refType }) => refType === "CHILD_OF"),
      isFollower ? [] : [parent],
    );
  });
  await check("names, kinds", (reported, { operationName, tags }) => {
    assert.equal(operationName, reported.operationName);
    assert.equal(valuesOf(tags)["span.kind"], kindOf(reported));
  });
  await check("times", (reported, { startTime, duration, logs }) => {
    assertMicroseconds(startTime, reported.startTime);
    assertMicroseconds(duration, reported.endTime - reported.startTime);
    for (const [i, { timestamp }] of logs.entries()) assertMicroseconds(timestamp, reported.logs[i]!.timestamp);
  });
  await check("attributes", (reported, { tags }) => {
    for (const [name, value] of Object.entries(SOME_TAGS[nameInScene(reported)] ?? {})) {
      assert.deepEqual(valuesOf(tags)[name], value, name);
    }
  });
  await check("events", (reported, { logs }) =>
    assert.deepEqual(
      logs.map(({ fields }) => valuesOf(fields)["event"]),
      reported.logs.map(({ fields }) => (fields["event"] === "error" ? "exception" : fields["event"])),
    ),
  );
  await check("links", (reported, { references }) =>
    assert.deepEqual(
      references.filter(({ refType }) => refType === "FOLLOWS_FROM"),
      reported.references.map(({ context }) => ({
        refType: "FOLLOWS_FROM",
        traceID: shown(context),
        spanID: spanIdHex(context),
      })),
    ),
  );
  await check("resource", (_, { process }) => {
    assert.equal(process.serviceName, SERVICE_NAME);
    assert.equal(valuesOf(process.tags)["deployment.replicas"], 3);
  });
}

/** A trace id of 64 bits is shown as one. */
function shown(context: Readonly<TraceContext>): string {
  return traceIdHex(context).replace(/^0{16}/, "");
}

function valuesOf(tags: readonly JaegerTag[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}
