// The checks of back ends in the interop run see each fault of what is read back, and nothing else.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { OtlpReporter, type Reporter, ZipkinReporter } from "node-opentracing";
import { type OtlpSpan, otlpSpans } from "../../interop/back-ends/otlp.js";
import { checkOtlpSpans, RESOURCE } from "../../interop/back-ends/otlp-checks.js";
import { playScene, type Scene } from "../../interop/back-ends/scene.js";
import { checkZipkinSpans, type ZipkinSpan } from "../../interop/back-ends/zipkin-checks.js";
import type { Row, Stage } from "../../interop/part.js";
import { runPart } from "../../interop/run-part.js";
import { startBackEnd } from "../report/back-end.js";

type Checks<Read> = (stage: Stage, row: Omit<Row, "what">, scene: Scene, read: readonly Read[]) => Promise<void>;
type Change<Read> = (span: Read) => Partial<Read>;

const ROW = { peer: "peer", format: "format", direction: "ours → peer" };

/** The columns that fail. */
async function failed<Read>(checks: Checks<Read>, scene: Scene, read: readonly Read[]): Promise<string[]> {
  const run = (stage: Stage): Promise<void> => checks(stage, ROW, scene, read);
  const { cells } = await runPart({ name: "a back end", light: true, run }, () => {});
  return cells.filter(({ outcome }) => outcome === "FAIL").map(({ what }) => what);
}

/** The scene, and the JSON that a reporter has posted of it. */
async function posted(t: TestContext, reporter: (endpoint: string) => Reporter): Promise<[Scene, unknown[]]> {
  const backEnd = await startBackEnd(t);
  const scene = await playScene(reporter(backEnd.endpoint));
  return [scene, backEnd.requests.map(({ body }) => JSON.parse(body.toString()))];
}

async function eachFaultIsSeen<Read>(
  checks: Checks<Read>,
  scene: Scene,
  read: readonly Read[],
  faults: Readonly<Record<string, Change<Read>>>,
): Promise<void> {
  assert.deepEqual(await failed(checks, scene, read), []);
  for (const [column, change] of Object.entries(faults)) {
    const faulty = read.map((span) => ({ ...span, ...change(span) }));
    assert.deepEqual(await failed(checks, scene, faulty), [column]);
  }
  const columns = await failed(checks, scene, read.slice(1));
  assert.deepEqual(columns, await failed(checks, scene, [...read, read[0]!]));
  for (const column of Object.keys(faults)) assert.ok(columns.includes(column), `a span lost, or twice: ${column}`);
}

test("each fault of spans read back as OTLP is seen, in its column", async (t) => {
  const [scene, bodies] = await posted(
    t,
    (endpoint) => new OtlpReporter({ endpoint, protocol: "http/json", resource: RESOURCE }),
  );
  await eachFaultIsSeen<OtlpSpan>(checkOtlpSpans, scene, bodies.flatMap(otlpSpans), {
    "ids, parents": () => ({ parentId: "" }),
    "names, kinds": ({ kind }) => ({ kind: kind === 3 ? 1 : kind }),
    times: ({ end }) => ({ end: end + 1_000n }),
    attributes: ({ attributes }) => ({
      attributes: "an.int" in attributes ? { ...attributes, "an.int": 42 } : attributes,
    }),
    status: ({ status }) => ({ status: { ...status, message: "" } }),
    events: ({ events }) => ({ events: events.slice(0, 1) }),
    links: ({ links }) => ({ links: links.map((link) => ({ ...link, traceState: "" })) }),
    "state, flags": ({ flags }) => ({ flags: flags & 0xff }),
    resource: ({ resource }) => ({ resource: { ...resource, "deployment.replicas": 3 } }),
  });
});

test("each fault of spans read back from Zipkin is seen, in its column", async (t) => {
  const [scene, bodies] = await posted(t, (endpoint) => new ZipkinReporter({ endpoint }));
  // As Zipkin's server shows them: names in lower case, 64-bit ids short.
  const read = (bodies as ZipkinSpan[][]).flat().map((span) => ({
    ...span,
    name: span.name!.toLowerCase(),
    traceId: span.traceId.replace(/^0{16}/, ""),
  }));
  await eachFaultIsSeen<ZipkinSpan>(checkZipkinSpans, scene, read, {
    "ids, parents": ({ traceId }) => ({ traceId: traceId.padStart(32, "0") }),
    "names, kinds": ({ kind = "CLIENT" }) => ({ kind }),
    times: ({ duration }) => ({ duration: duration + 2 }),
    tags: ({ tags }) => ({ tags: { ...tags, more: "1" } }),
    annotations: ({ annotations = [] }) => ({ annotations: annotations.slice(0, 1) }),
    endpoints: () => ({ remoteEndpoint: {} }),
    "debug, shared": ({ kind }) => (kind === "SERVER" ? { shared: true } : {}),
  });
});
