// A real OpenTelemetry Collector: it writes what it received to files, and passes it on.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { downloading, made } from "../cache.js";
import { runCommand, startServer } from "../child.js";
import type { Stage } from "../part.js";
import { removeFolder, temporaryFolder } from "../temporary-folder.js";
import { freePort } from "./free-port.js";
import { BUILD_LIMIT, builtVersion, GO_ENV } from "./go-build.js";
import { type OtlpSpan, otlpSpans } from "./otlp.js";

const manifest = readFileSync(join(process.cwd(), "interop", "collector", "builder.yaml"), "utf8");
/** The builder's version is that of what it builds. */
const BUILDER_VERSION = /^ {2}version: (.+)$/m.exec(manifest)![1]!;

/** Where it passes on what comes by OTLP over HTTP; without, to itself, by gRPC. */
export interface CollectorTargets {
  readonly otlpGrpc?: number | undefined;
  readonly zipkin?: string | undefined;
}

/** What came in, by the receiver: OTLP over HTTP and gRPC, Zipkin's format, and two that refuse. */
export type Received = "http" | "grpc" | "zipkin" | "small" | "full";

export class Collector {
  readonly endpoints: {
    readonly otlp: string;
    readonly zipkin: string;
    /** Takes no body of more than 2,000 bytes. */
    readonly small: string;
    /** Has no memory left. */
    readonly full: string;
  };
  readonly version: string;
  readonly #program: string;
  readonly #folder: string;
  #end: (() => Promise<void>) | undefined;

  private constructor(program: string, version: string, folder: string, ports: Readonly<Record<Received, number>>) {
    this.#program = program;
    this.version = version;
    this.#folder = folder;
    const otlp = (port: number): string => `http://127.0.0.1:${port}/v1/traces`;
    this.endpoints = {
      otlp: otlp(ports.http),
      zipkin: `http://127.0.0.1:${ports.zipkin}/api/v2/spans`,
      small: otlp(ports.small),
      full: otlp(ports.full),
    };
  }

  /** Builds it unless it is there from a former run, and starts it. It ends with the part. */
  static async start(stage: Stage, targets: CollectorTargets = {}): Promise<Collector> {
    const program = await build(stage);
    const version = await builtVersion(program, "go.opentelemetry.io/collector/otelcol");
    const folder = temporaryFolder("interop-collector-");
    stage.defer(() => removeFolder(folder));
    const ports = {
      http: await freePort(),
      grpc: await freePort(),
      zipkin: await freePort(),
      small: await freePort(),
      full: await freePort(),
    };
    const collector = new Collector(program, version, folder, ports);
    writeFileSync(join(folder, "config.yaml"), configuration(folder, ports, targets));
    stage.defer(() => collector.stop());
    await collector.start();
    stage.started("OpenTelemetry Collector", version);
    return collector;
  }

  async start(): Promise<void> {
    const args = ["--config", join(this.#folder, "config.yaml")];
    this.#end = await startServer(this.#program, args, "Everything is ready");
  }

  async stop(): Promise<void> {
    await this.#end?.();
  }

  /** Rejects with what it says against a configuration. */
  async validate(yaml: string): Promise<void> {
    const file = join(this.#folder, "validated.yaml");
    writeFileSync(file, yaml);
    await runCommand(this.#program, ["validate", "--config", file]);
  }

  /** What it has written of what came in there. */
  spans(received: Received): readonly OtlpSpan[] {
    const file = join(this.#folder, `${received}.json`);
    if (!existsSync(file)) return [];
    // The last line may be half written.
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    return lines.flatMap((line) => otlpSpans(JSON.parse(line)));
  }
}

/** Where the program is, built in this run or a former one, by the Collector's own builder. */
async function build(stage: Stage): Promise<string> {
  const folder = await made(stage.cache("collector"), [manifest], async (to) => {
    const config = join(to, "builder.yaml");
    writeFileSync(config, manifest.replace("\ndist:", `\ndist:\n  output_path: ${to}`));
    const builder = `go.opentelemetry.io/collector/cmd/builder@v${BUILDER_VERSION}`;
    const options = { env: GO_ENV, timeLimit: BUILD_LIMIT };
    const generate = ["run", builder, "--config", config, "--skip-compilation"];
    await downloading("the Collector's modules", () => runCommand("go", generate, options));
    await runCommand("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", "otelcol-interop", "."], {
      ...options,
      cwd: to,
    });
  });
  return join(folder, "otelcol-interop");
}

function configuration(
  folder: string,
  ports: Readonly<Record<Received, number>>,
  { otlpGrpc = ports.grpc, zipkin }: CollectorTargets,
): string {
  const endpoint = (port: number): string => `endpoint: "127.0.0.1:${port}"`;
  const file = (name: Received): string =>
    `file/${name}: { path: "${folder}/${name}.json", append: true, flush_interval: 50ms }`;
  return `
receivers:
  otlp/http: { protocols: { http: { ${endpoint(ports.http)} } } }
  otlp/grpc: { protocols: { grpc: { ${endpoint(ports.grpc)} } } }
  otlp/small: { protocols: { http: { ${endpoint(ports.small)}, max_request_body_size: 2000 } } }
  otlp/full: { protocols: { http: { ${endpoint(ports.full)} } } }
  zipkin: { ${endpoint(ports.zipkin)} }
processors:
  memory_limiter: { check_interval: 50ms, limit_mib: 1, spike_limit_mib: 0 }
exporters:
  ${file("http")}
  ${file("grpc")}
  ${file("small")}
  ${file("full")}
  ${file("zipkin")}
  otlp: { ${endpoint(otlpGrpc)}, tls: { insecure: true } }
  zipkin: { endpoint: "${zipkin ?? "http://127.0.0.1:9/"}" }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces/http: { receivers: [otlp/http], exporters: [file/http, otlp${zipkin === undefined ? "" : ", zipkin"}] }
    traces/grpc: { receivers: [otlp/grpc], exporters: [file/grpc] }
    traces/small: { receivers: [otlp/small], exporters: [file/small] }
    traces/full: { receivers: [otlp/full], processors: [memory_limiter], exporters: [file/full] }
    traces/zipkin: { receivers: [zipkin], exporters: [file/zipkin] }
`;
}
