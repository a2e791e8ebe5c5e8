// Jaeger 2: spans by OTLP, by the Collector and gRPC, and by Zipkin's format, read back by its query API.

import assert from "node:assert/strict";
import { OtlpReporter, type OtlpReporterOptions, ZipkinReporter } from "node-opentracing";
import { Collector } from "../back-ends/collector.js";
import { checkDelivery } from "../back-ends/delivery.js";
import { PART_LIMIT } from "../back-ends/go-build.js";
import { JAEGER_VERSION, Jaeger } from "../back-ends/jaeger.js";
import { checkJaegerSpans } from "../back-ends/jaeger-checks.js";
import { checkOtlpSpans, RESOURCE } from "../back-ends/otlp-checks.js";
import { assertVersion, checkCommand } from "../back-ends/page.js";
import { checkSampling } from "../back-ends/sampling-checks.js";
import { playScene, type Scene } from "../back-ends/scene.js";
import { ofAllTraces, onceWhole } from "../back-ends/span-by-span.js";
import { checkZipkinAsOtlp } from "../back-ends/zipkin-as-otlp-checks.js";
import type { Part, Stage } from "../part.js";

const PEER = "Jaeger";
const DIRECTION = "ours → peer";
const FORMATS: readonly (readonly [format: string, options: OtlpReporterOptions])[] = [
  ["OTLP/protobuf", {}],
  ["OTLP/JSON", { protocol: "http/json" }],
];

/** Needs the Go module proxy, and Go. */
export const part: Part = {
  name: "jaeger",
  light: false,
  timeLimit: PART_LIMIT,
  async run(stage) {
    const jaeger = await Jaeger.start(stage);
    const endpoint = `http://127.0.0.1:${jaeger.ports.otlpHttp}/v1/traces`;
    for (const [format, options] of FORMATS) {
      const row = { peer: PEER, format, direction: DIRECTION };
      const scene = await playScene(new OtlpReporter({ endpoint, resource: RESOURCE, ...options }));
      await checkOtlpSpans(stage, row, scene, await otlpSpansOf(jaeger, scene));
      await stage.check({ ...row, what: "unsampled" }, async () => {
        assert.deepEqual(await jaeger.otlpTrace(scene.unsampledTraceId), []);
      });
      const shown = await ofAllTraces(scene, (traceId) => jaeger.trace(traceId));
      await checkJaegerSpans(stage, { ...row, direction: "ours → peer → its UI's API" }, scene, shown);
    }
    const spanIds = async (traceId: string): Promise<string[]> =>
      (await jaeger.otlpTrace(traceId)).map(({ spanId }) => spanId);
    await stage.check({ peer: PEER, format: FORMATS[0]![0], direction: DIRECTION, what: "page" }, async () => {
      assertVersion(PEER, JAEGER_VERSION);
      await checkCommand("Jaeger", ["http://localhost:4318", `http://127.0.0.1:${jaeger.ports.otlpHttp}`], spanIds);
    });
    await throughCollector(stage, jaeger);
    await throughZipkin(stage, jaeger);
    await checkSampling(stage, jaeger);
    await checkDelivery(stage, {
      row: { peer: PEER, format: FORMATS[0]![0], direction: DIRECTION },
      reporter: () => new OtlpReporter({ endpoint }),
      spanIds,
      stop: () => jaeger.stop(),
      start: () => jaeger.start(),
    });
  },
};

/** We have no gRPC: a Collector takes our spans by HTTP and passes them on by gRPC. */
async function throughCollector(stage: Stage, jaeger: Jaeger): Promise<void> {
  const collector = await Collector.start(stage, { otlpGrpc: jaeger.ports.otlpGrpc });
  const scene = await playScene(new OtlpReporter({ endpoint: collector.endpoints.otlp, resource: RESOURCE }));
  const row = { peer: PEER, format: "OTLP/protobuf", direction: "ours → Collector → gRPC → peer" };
  await checkOtlpSpans(stage, row, scene, await otlpSpansOf(jaeger, scene));
}

async function throughZipkin(stage: Stage, jaeger: Jaeger): Promise<void> {
  const endpoint = `http://127.0.0.1:${jaeger.ports.zipkin}/api/v2/spans`;
  const scene = await playScene(new ZipkinReporter({ endpoint }));
  const row = { peer: PEER, format: "Zipkin v2 JSON", direction: DIRECTION };
  await checkZipkinAsOtlp(stage, row, scene, await otlpSpansOf(jaeger, scene));
}

function otlpSpansOf(jaeger: Jaeger, scene: Scene): ReturnType<Jaeger["otlpTrace"]> {
  return onceWhole(
    scene,
    ({ spanId }) => spanId,
    () => ofAllTraces(scene, (traceId) => jaeger.otlpTrace(traceId)),
  );
}
