// Zipkin's own server, with its storage in memory, read back by its HTTP API.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { OtlpReporter, ZipkinReporter, type ZipkinReporterOptions } from "node-opentracing";
import { Collector } from "../back-ends/collector.js";
import { checkDelivery, checkRefusal } from "../back-ends/delivery.js";
import { freePort } from "../back-ends/free-port.js";
import { PART_LIMIT } from "../back-ends/go-build.js";
import { getJson } from "../back-ends/http.js";
import { assertVersion, checkCommand } from "../back-ends/page.js";
import { playScene, type Scene } from "../back-ends/scene.js";
import { ofAllTraces, onceWhole } from "../back-ends/span-by-span.js";
import { checkTranslatedSpans, checkZipkinSpans, type ZipkinSpan } from "../back-ends/zipkin-checks.js";
import { downloading, made } from "../cache.js";
import { runCommand, startServer } from "../child.js";
import type { Part, Row, Stage } from "../part.js";

const VERSION = "3.6.1";
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy";
const ARTIFACT = `io.zipkin:zipkin-server:${VERSION}:jar:exec`;

const DIRECTION = "ours → peer";
const FORMATS: readonly (readonly [format: string, options: ZipkinReporterOptions])[] = [
  ["Zipkin v2 JSON", {}],
  ["Zipkin v2 JSON, gzip", { compression: "gzip" }],
];

/** Needs Maven Central, Java 17 or newer, and what the Collector needs. */
export const part: Part = {
  name: "zipkin",
  light: false,
  timeLimit: PART_LIMIT,
  async run(stage) {
    const zipkin = new Zipkin(await jar(stage), await freePort());
    stage.defer(() => zipkin.stop());
    await zipkin.start();
    stage.started("Zipkin server", await zipkin.version());
    const endpoint = `${zipkin.url}/api/v2/spans`;

    for (const [format, options] of FORMATS) {
      const row = { peer: "Zipkin", format, direction: DIRECTION };
      const scene = await playScene(new ZipkinReporter({ endpoint, ...options }));
      await checkZipkinSpans(stage, row, scene, await zipkin.spansOf(scene));
      await stage.check({ ...row, what: "unsampled" }, async () => {
        const spans = await zipkin.trace(scene.unsampledTraceId);
        if (spans.length > 0) throw new Error(`${spans.length} spans that were not sampled have arrived`);
      });
    }
    await checkDelivery(stage, {
      row: { peer: "Zipkin", format: FORMATS[0]![0], direction: DIRECTION },
      reporter: () => new ZipkinReporter({ endpoint }),
      spanIds: (traceId) => zipkin.spanIds(traceId),
      stop: () => zipkin.stop(),
      start: () => zipkin.start(),
    });
    await stage.check({ peer: "Zipkin", format: FORMATS[0]![0], direction: DIRECTION, what: "page" }, async () => {
      assertVersion("Zipkin", VERSION);
      await checkCommand("Zipkin", ["http://localhost:9411", zipkin.url], (traceId) => zipkin.spanIds(traceId));
    });
    await throughCollector(stage, zipkin);
    await checkOtlp(stage, `${zipkin.url}/v1/traces`);
  },
};

/** A Collector takes our spans as OTLP and passes them on as Zipkin's. */
async function throughCollector(stage: Stage, zipkin: Zipkin): Promise<void> {
  const collector = await Collector.start(stage, { zipkin: `${zipkin.url}/api/v2/spans` });
  const scene = await playScene(new OtlpReporter({ endpoint: collector.endpoints.otlp }));
  const row = { peer: "Zipkin", format: "OTLP/protobuf", direction: "ours → Collector → peer" };
  await checkTranslatedSpans(stage, row, scene, await zipkin.spansOf(scene));
}

/** Zipkin answers 404 to OTLP. Should it ever take it, the first row fails, and there is something to write here. */
async function checkOtlp(stage: Stage, endpoint: string): Promise<void> {
  const row: Omit<Row, "what"> = { peer: "Zipkin", format: "OTLP/protobuf", direction: DIRECTION };
  await stage.check({ ...row, what: "refusal" }, () =>
    checkRefusal(new OtlpReporter({ endpoint }), "report.rejected", false),
  );
  stage.unsupported(
    { ...row, what: "ids, parents" },
    "its server takes no OTLP, and the module that adds it has no jar on Maven Central",
  );
}

/** The server's program, downloaded in this run or a former one. */
async function jar(stage: Stage): Promise<string> {
  const folder = await made(stage.cache("zipkin"), [ARTIFACT], async (to) => {
    const options = [`-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${to}`, "--batch-mode"];
    await downloading(ARTIFACT, () => runCommand("mvn", [COPY, ...options]));
  });
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".jar"))!);
}

class Zipkin {
  readonly url: string;
  readonly #arguments: readonly string[];
  #end: (() => Promise<void>) | undefined;

  constructor(jar: string, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    const listener = { address: "127.0.0.1", port, "protocols[0]": "http" };
    const options = Object.entries(listener).map(([name, value]) => `--armeria.ports[0].${name}=${value}`);
    this.#arguments = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-jar", jar, ...options];
  }

  async start(): Promise<void> {
    this.#end = await startServer("java", this.#arguments, "Serving HTTP at");
  }

  async stop(): Promise<void> {
    await this.#end?.();
  }

  async version(): Promise<string> {
    const { zipkin } = (await getJson(`${this.url}/info`)) as { zipkin: { version: string } };
    return zipkin.version;
  }

  /** The spans of a trace; none where there is no such trace. */
  async trace(traceId: string): Promise<readonly ZipkinSpan[]> {
    return ((await getJson(`${this.url}/api/v2/trace/${traceId}`)) ?? []) as ZipkinSpan[];
  }

  async spanIds(traceId: string): Promise<readonly string[]> {
    return (await this.trace(traceId)).map(({ id }) => id);
  }

  spansOf(scene: Scene): Promise<readonly ZipkinSpan[]> {
    return onceWhole(
      scene,
      ({ id }) => id,
      () => ofAllTraces(scene, (traceId) => this.trace(traceId)),
    );
  }
}
