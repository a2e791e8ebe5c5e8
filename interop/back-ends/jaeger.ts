// A real Jaeger 2, built from its Go module: with its storage in memory, its query API, and sampling strategies from a file.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../child.js";
import type { Stage } from "../part.js";
import { removeFolder, temporaryFolder } from "../temporary-folder.js";
import { freePort } from "./free-port.js";
import { buildGoProgram, builtVersion } from "./go-build.js";
import { getJson } from "./http.js";
import { type OtlpSpan, otlpSpans } from "./otlp.js";

const PROGRAM = "github.com/jaegertracing/jaeger/cmd/jaeger";
/** The module's version, and what the same release is called as a program. */
const MODULE_VERSION = "1.76.0";
export const JAEGER_VERSION = "2.13.0";

/** A span as Jaeger's own query API shows it: https://www.jaegertracing.io/docs/2.13/architecture/apis/ */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  /** Microseconds, as the duration. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
  readonly process: { readonly serviceName: string; readonly tags: readonly JaegerTag[] };
}

export interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

/** Where it listens. */
export interface JaegerPorts {
  readonly otlpHttp: number;
  readonly otlpGrpc: number;
  readonly zipkin: number;
  readonly query: number;
  readonly sampling: number;
}

/** Sampling strategies, as in its file: one of each kind. https://www.jaegertracing.io/docs/2.13/architecture/sampling/ */
export const STRATEGIES = {
  service_strategies: [
    {
      service: "by-operation",
      type: "probabilistic",
      param: 0.25,
      operation_strategies: [
        { operation: "GET /health", type: "probabilistic", param: 0 },
        { operation: "POST /orders", type: "probabilistic", param: 1 },
      ],
    },
    { service: "limited", type: "ratelimiting", param: 7 },
  ],
  default_strategy: { type: "probabilistic", param: 0.5 },
} as const;

export class Jaeger {
  readonly ports: JaegerPorts;
  readonly #program: string;
  readonly #folder: string;
  #end: (() => Promise<void>) | undefined;

  private constructor(program: string, folder: string, ports: JaegerPorts) {
    this.#program = program;
    this.#folder = folder;
    this.ports = ports;
  }

  /** Builds it unless it is there from a former run, and starts it. It ends with the part. */
  static async start(stage: Stage): Promise<Jaeger> {
    const program = await buildGoProgram(stage, "jaeger", PROGRAM, `v${MODULE_VERSION}`);
    const version = await builtVersion(program, "github.com/jaegertracing/jaeger");
    assert.equal(version, MODULE_VERSION);
    const folder = temporaryFolder("interop-jaeger-");
    stage.defer(() => removeFolder(folder));
    const jaeger = new Jaeger(program, folder, {
      otlpHttp: await freePort(),
      otlpGrpc: await freePort(),
      zipkin: await freePort(),
      query: await freePort(),
      sampling: await freePort(),
    });
    writeFileSync(join(folder, "strategies.json"), JSON.stringify(STRATEGIES));
    writeFileSync(join(folder, "config.yaml"), configuration(folder, jaeger.ports, await freePort(), await freePort()));
    stage.defer(() => jaeger.stop());
    await jaeger.start();
    stage.started("Jaeger", `${JAEGER_VERSION} (module v${version})`);
    return jaeger;
  }

  async start(): Promise<void> {
    this.#end = await startServer(
      this.#program,
      ["--config", join(this.#folder, "config.yaml")],
      "Everything is ready",
      { env: { OTEL_TRACES_SAMPLER: "always_off" } }, // or it traces itself
    );
  }

  async stop(): Promise<void> {
    await this.#end?.();
  }

  /** A trace as OTLP, from `/api/v3`; empty where it has none. */
  async otlpTrace(traceId: string): Promise<readonly OtlpSpan[]> {
    const answer = (await this.#ask(`v3/traces/${traceId}`)) as { result: unknown } | undefined;
    return answer === undefined ? [] : otlpSpans(answer.result).map(withoutRemarks);
  }

  /** A trace as the user interface gets it, from `/api`; empty where it has none. */
  async trace(traceId: string): Promise<readonly JaegerSpan[]> {
    const answer = (await this.#ask(`traces/${traceId}`)) as
      | {
          readonly data: readonly {
            readonly spans: readonly (JaegerSpan & { readonly processID: string })[];
            readonly processes: Readonly<Record<string, JaegerSpan["process"]>>;
          }[];
        }
      | undefined;
    return (answer?.data ?? []).flatMap(({ spans, processes }) =>
      spans.map((span) => ({ ...span, process: processes[span.processID]! })),
    );
  }

  #ask(path: string): Promise<unknown> {
    return getJson(`http://127.0.0.1:${this.ports.query}/api/${path}`);
  }
}

/** Jaeger adds its own remarks when it is asked: here, that it has no span of the caller. */
function withoutRemarks(span: OtlpSpan): OtlpSpan {
  const { "@jaeger@warnings": _, ...attributes } = span.attributes;
  return { ...span, attributes };
}

function configuration(folder: string, ports: JaegerPorts, queryGrpc: number, samplingGrpc: number): string {
  const endpoint = (port: number): string => `{ endpoint: "127.0.0.1:${port}" }`;
  return `
service:
  extensions: [jaeger_storage, jaeger_query, remote_sampling]
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp, zipkin], exporters: [jaeger_storage_exporter] }
extensions:
  jaeger_storage: { backends: { memory: { memory: { max_traces: 100000 } } } }
  jaeger_query: { storage: { traces: memory }, http: ${endpoint(ports.query)}, grpc: ${endpoint(queryGrpc)} }
  remote_sampling:
    file: { path: "${folder}/strategies.json" }
    http: ${endpoint(ports.sampling)}
    grpc: ${endpoint(samplingGrpc)}
receivers:
  otlp: { protocols: { http: ${endpoint(ports.otlpHttp)}, grpc: ${endpoint(ports.otlpGrpc)} } }
  zipkin: ${endpoint(ports.zipkin)}
exporters:
  jaeger_storage_exporter: { trace_storage: memory }
`;
}
