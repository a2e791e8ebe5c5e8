// Compares spans that came as Zipkin's with what a back end that thinks in OTLP made of them.

import assert from "node:assert/strict";
import type { Row, Stage } from "../part.js";
import type { OtlpSpan } from "./otlp.js";
import { idsOf, type Scene, SERVICE_NAME } from "./scene.js";
import { assertMicroseconds, spanBySpan } from "./span-by-span.js";

const KINDS: Readonly<Record<string, number>> = { server: 2, client: 3, producer: 4, consumer: 5 };

/** What Zipkin's format cannot say (links, types of values, state) is no row. */
export async function checkZipkinAsOtlp(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly OtlpSpan[],
): Promise<void> {
  const check = spanBySpan(stage, row, scene, read, ({ spanId }) => spanId);
  await check("ids, parents", (reported, { traceId, spanId, parentId }) =>
    assert.deepEqual({ traceId, spanId, parentId }, idsOf(reported)),
  );
  await check("names, kinds", ({ operationName, tags }, { name, kind }) => {
    assert.equal(name, operationName);
    const known = KINDS[String(tags[tags.indexOf("span.kind") + 1])];
    // Zipkin has no word for work inside a process, so that there it is left open.
    if (known === undefined) assert.ok(kind < 2, `kind ${kind}`);
    else assert.equal(kind, known);
  });
  await check("times", (reported, { start, end }) => {
    assertMicroseconds(Number(start / 1000n), reported.startTime);
    assertMicroseconds(Number((end - start) / 1000n), reported.endTime - reported.startTime);
  });
  await check("attributes", ({ tags }, { attributes }) => {
    for (let i = 0; i < tags.length; i += 2) {
      const [name, value] = [String(tags[i]), tags[i + 1]];
      const isText = typeof value === "string" && name !== "span.kind";
      if (isText) assert.equal(attributes[name], value, name);
    }
  });
  await check("status", ({ tags }, { status }) => {
    const isError = tags[tags.indexOf("error") + 1] === true;
    assert.equal(status.code === 2, isError);
  });
  await check("events", (reported, { events }) => assert.equal(events.length, reported.logs.length));
  await check("resource", (_, { resource }) => assert.equal(resource["service.name"], SERVICE_NAME));
}
