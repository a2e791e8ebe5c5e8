// Spans as a back end shows them beside those that were reported: waited for, and compared one by one.

import assert from "node:assert/strict";
import type { FinishedSpan } from "node-opentracing";
import type { Row, Stage } from "../part.js";
import { eventually } from "./eventually.js";
import { idsOf, nameInScene, type Scene } from "./scene.js";

/** Runs `compare` over every span of the scene as one check. Each must have been read back once. */
export type SpanCheck<Read> = (what: string, compare: (reported: FinishedSpan, read: Read) => void) => Promise<void>;

/** Checks over `read`, in which `idOf` tells a span's id; each is a cell of this row. */
export function spanBySpan<Read>(
  stage: Stage,
  row: Omit<Row, "what">,
  scene: Scene,
  read: readonly Read[],
  idOf: (span: Read) => string,
): SpanCheck<Read> {
  return (what, compare) =>
    stage.check({ ...row, what }, () => {
      for (const reported of scene.spans) {
        const found = read.filter((span) => idOf(span) === idsOf(reported).spanId);
        assert.equal(found.length, 1, `${nameInScene(reported)} was found ${found.length} times`);
        compare(reported, found[0]!);
      }
    });
}

/** What is written out for a span by its name in the scene. Throws where nothing is. */
export function expectationFor<T>(reported: FinishedSpan, expected: Readonly<Record<string, T>>): T {
  const found = expected[nameInScene(reported)];
  assert.ok(found, `there is nothing to compare ${nameInScene(reported)} with`);
  return found;
}

/** Throws where a table is about a span that the scene has not: its values would be compared with nothing. */
export function assertInScene(scene: Scene, table: object): void {
  const names = new Set(scene.spans.map(nameInScene));
  for (const name of Object.keys(table)) assert.ok(names.has(name), `the scene has no span ${name}`);
}

/** What a back end has, once all spans of the scene are in it: they are stored after it has answered. */
export function onceWhole<Read>(
  scene: Scene,
  idOf: (span: Read) => string,
  look: () => readonly Read[] | Promise<readonly Read[]>,
): Promise<readonly Read[]> {
  return eventually("the spans of the scene", async () => {
    const spans = await look();
    const ids = new Set(spans.map(idOf));
    return scene.spans.every((span) => ids.has(idsOf(span).spanId)) ? spans : undefined;
  });
}

/** The spans of all traces of the scene, by what shows those of one. */
export async function ofAllTraces<Read>(
  scene: Scene,
  trace: (traceId: string) => Promise<readonly Read[]>,
): Promise<readonly Read[]> {
  const traceIds = new Set(scene.spans.map((span) => idsOf(span).traceId));
  return (await Promise.all([...traceIds].map(trace))).flat();
}

/** As much as rounding to microseconds allows. */
export function assertMicroseconds(microseconds: number, milliseconds: number): void {
  assert.ok(Math.abs(microseconds - milliseconds * 1000) <= 1, `${microseconds} µs is not ${milliseconds} ms`);
}
