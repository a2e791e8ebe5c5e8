// The OpenTelemetry Collector: what it received, read from the files that it writes.

import assert from "node:assert/strict";
import { OtlpReporter, type OtlpReporterOptions, ZipkinReporter } from "node-opentracing";
import { Collector, type Received } from "../back-ends/collector.js";
import { checkDelivery, checkRefusal } from "../back-ends/delivery.js";
import { PART_LIMIT } from "../back-ends/go-build.js";
import type { OtlpSpan } from "../back-ends/otlp.js";
import { checkOtlpSpans, RESOURCE } from "../back-ends/otlp-checks.js";
import { assertVersion, blockBelow } from "../back-ends/page.js";
import { playScene, type Scene } from "../back-ends/scene.js";
import { onceWhole } from "../back-ends/span-by-span.js";
import { checkZipkinAsOtlp } from "../back-ends/zipkin-as-otlp-checks.js";
import type { Part, Stage } from "../part.js";

const PEER = "Collector";
const DIRECTION = "ours → peer";
const FORMATS: readonly (readonly [format: string, options: OtlpReporterOptions])[] = [
  ["OTLP/protobuf", {}],
  ["OTLP/JSON", { protocol: "http/json" }],
  ["OTLP/protobuf, gzip", { compression: "gzip" }],
];

/** Needs the Go module proxy, and Go. */
export const part: Part = {
  name: "collector",
  light: false,
  timeLimit: PART_LIMIT,
  async run(stage) {
    const collector = await Collector.start(stage);
    const endpoint = collector.endpoints.otlp;
    for (const [format, options] of FORMATS) {
      const row = { peer: PEER, format, direction: DIRECTION };
      const scene = await playScene(new OtlpReporter({ endpoint, resource: RESOURCE, ...options }));
      await checkOtlpSpans(stage, row, scene, await spansOf(collector, "http", scene));
      await stage.check({ ...row, what: "unsampled" }, () => {
        const arrived = collector.spans("http").filter(({ traceId }) => traceId === scene.unsampledTraceId);
        assert.deepEqual(arrived, []);
      });
      const passedOn = await spansOf(collector, "grpc", scene);
      await checkOtlpSpans(stage, { ...row, direction: "ours → peer → gRPC → peer" }, scene, passedOn);
    }

    await stage.check({ peer: PEER, format: FORMATS[0]![0], direction: DIRECTION, what: "page" }, async () => {
      assertVersion("OpenTelemetry Collector", collector.version);
      await collector.validate(blockBelow("The OpenTelemetry Collector", "yaml"));
    });
    const scene = await playScene(new ZipkinReporter({ endpoint: collector.endpoints.zipkin }));
    const row = { peer: PEER, format: "Zipkin v2 JSON", direction: DIRECTION };
    await checkZipkinAsOtlp(stage, row, scene, await spansOf(collector, "zipkin", scene));

    await checkDelivery(stage, {
      row: { peer: PEER, format: FORMATS[0]![0], direction: DIRECTION },
      reporter: () => new OtlpReporter({ endpoint }),
      spanIds: async (wanted) =>
        collector.spans("http").flatMap(({ traceId, spanId }) => (traceId === wanted ? [spanId] : [])),
      stop: () => collector.stop(),
      start: () => collector.start(),
    });
    await checkRefusals(stage, collector);
  },
};

/** The Collector's own limits: a body that is too large is lost at once, want of memory is tried again. */
async function checkRefusals(stage: Stage, collector: Collector): Promise<void> {
  const { small, full } = collector.endpoints;
  const row = { peer: PEER, format: FORMATS[0]![0], direction: DIRECTION };
  await stage.check({ ...row, what: "refusal" }, async () => {
    await checkRefusal(new OtlpReporter({ endpoint: small }), "report.rejected", false);
    await checkRefusal(new OtlpReporter({ endpoint: full }), "report.send_failed", true);
    assert.equal(collector.spans("small").length + collector.spans("full").length, 0);
  });
}

function spansOf(collector: Collector, received: Received, scene: Scene): Promise<readonly OtlpSpan[]> {
  return onceWhole(
    scene,
    ({ spanId }) => spanId,
    () => collector.spans(received),
  );
}
