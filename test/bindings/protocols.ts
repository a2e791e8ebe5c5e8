// The protocols of the back ends, decoded by what their own packages define.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Protocol, Received } from "./sink.js";

/** Where the tracers are installed. */
export const installed: string = join(dirname(fileURLToPath(import.meta.url)), "../../../test/tracers");
export const requireTracer: NodeJS.Require = createRequire(join(installed, "package.json"));

interface ThriftTag {
  readonly key: string;
  readonly vType: "STRING" | "DOUBLE" | "BOOL" | "LONG" | "BINARY";
  readonly vStr: string;
  readonly vDouble: number;
  readonly vBool: boolean;
}
interface ThriftBatch {
  readonly process: { readonly serviceName: string };
  readonly spans: readonly {
    readonly traceIdLow: Buffer;
    readonly traceIdHigh: Buffer;
    readonly spanId: Buffer;
    readonly parentSpanId: Buffer;
    readonly operationName: string;
    readonly tags: readonly ThriftTag[];
    readonly logs: readonly { readonly fields: readonly ThriftTag[] }[];
  }[];
}

/** Jaeger's collector: thrift over HTTP, by the definition that jaeger-client ships. */
export function jaegerCollector(): Protocol {
  const { Thrift } = requireTracer("thriftrw") as {
    Thrift: new (
      options: object,
    ) => {
      Batch: { rw: { fromBuffer(buffer: Buffer): { err: Error | null; value: ThriftBatch } } };
    };
  };
  const file = "jaeger-client/dist/src/jaeger-idl/thrift/jaeger.thrift";
  const thrift = new Thrift({
    source: readFileSync(requireTracer.resolve(file), "ascii"),
    allowOptionalArguments: true,
  });
  return {
    path: "/api/traces",
    status: 202,
    answer: "",
    decode(body) {
      const { err, value } = thrift.Batch.rw.fromBuffer(body);
      if (err) throw err;
      return value.spans.map((span) => {
        const tags = thriftTags(span.tags);
        return {
          traceId: span.traceIdHigh.toString("hex") + span.traceIdLow.toString("hex"),
          spanId: span.spanId.toString("hex"),
          parentId: /^0+$/.test(span.parentSpanId.toString("hex")) ? "" : span.parentSpanId.toString("hex"),
          service: value.process.serviceName,
          name: span.operationName,
          kind: tags["span.kind"] as string | undefined,
          tags,
          logs: span.logs.map((log) => thriftTags(log.fields)),
        };
      });
    },
  };
}

function thriftTags(tags: readonly ThriftTag[]): Record<string, unknown> {
  const values = { STRING: "vStr", DOUBLE: "vDouble", BOOL: "vBool", LONG: "vLong", BINARY: "vBinary" } as const;
  return Object.fromEntries(
    tags.map((tag) => [tag.key, (tag as unknown as Record<string, unknown>)[values[tag.vType]]]),
  );
}

interface DatadogSpan {
  readonly trace_id: bigint;
  readonly span_id: bigint;
  readonly parent_id: bigint;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type?: string;
  readonly error: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Datadog's agent, version 0.4 of its traces. */
export function datadogAgent(): Protocol {
  const { decode } = requireTracer("@msgpack/msgpack") as { decode(body: Buffer, options: object): DatadogSpan[][] };
  return {
    path: "/v0.4/traces",
    status: 200,
    answer: '{"rate_by_service":{}}',
    decode: (body) =>
      decode(body, { useBigInt64: true })
        .flat()
        .map((span) => ({
          traceId: String(span.trace_id),
          spanId: String(span.span_id),
          parentId: String(span.parent_id) === "0" ? "" : String(span.parent_id),
          service: span.service,
          name: span.resource === span.name ? span.name : `${span.name} ${span.resource}`,
          kind: span.meta["span.kind"],
          tags: { ...span.metrics, ...span.meta, type: span.type, error: span.error },
          logs: [],
        })),
  };
}

interface LightstepSpan {
  readonly spanContext: { readonly traceId: string; readonly spanId: string };
  readonly operationName: string;
  readonly referencesList: readonly { readonly spanContext: { readonly spanId: string } }[];
  readonly tagsList: readonly LightstepValue[];
  readonly logsList: readonly { readonly fieldsList: readonly LightstepValue[] }[];
}
type LightstepValue = Readonly<Record<"key" | "stringValue", string>> & Readonly<Record<string, unknown>>;
interface LightstepReport {
  readonly reporter: { readonly tagsList: readonly LightstepValue[] };
  readonly spansList: readonly LightstepSpan[];
}

/** Lightstep's collector: protobuf over HTTP, by the code that lightstep-tracer ships. */
export function lightstepCollector(): Protocol {
  const { ReportRequest } = requireTracer("lightstep-tracer/lib/imp/generated_proto/collector_pb.js") as {
    ReportRequest: { deserializeBinary(body: Uint8Array): { toObject(): LightstepReport } };
  };
  return {
    path: "/api/v2/reports",
    status: 200,
    answer: "",
    decode(body) {
      const report = ReportRequest.deserializeBinary(new Uint8Array(body)).toObject();
      const service = String(lightstepTags(report.reporter.tagsList)["lightstep.component_name"]);
      return report.spansList.map((span): Received => {
        const tags = lightstepTags(span.tagsList);
        return {
          traceId: span.spanContext.traceId,
          spanId: span.spanContext.spanId,
          parentId: span.referencesList[0]?.spanContext.spanId ?? "",
          service,
          name: span.operationName,
          kind: tags["span.kind"] as string | undefined,
          tags,
          logs: span.logsList.map((log) => lightstepTags(log.fieldsList)),
        };
      });
    },
  };
}

function lightstepTags(list: readonly LightstepValue[]): Record<string, unknown> {
  return Object.fromEntries(
    list.map((one) => [
      one.key,
      one.stringValue || one["jsonValue"] || one["intValue"] || one["doubleValue"] || one["boolValue"],
    ]),
  );
}

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind?: string;
  readonly localEndpoint: { readonly serviceName: string };
  readonly tags?: Readonly<Record<string, string>>;
  readonly annotations?: readonly { readonly value: string }[];
}

/** Zipkin's collector: JSON, version 2. */
export function zipkinCollector(): Protocol {
  return {
    path: "/api/v2/spans",
    status: 202,
    answer: "",
    decode: (body) =>
      (JSON.parse(body.toString()) as ZipkinSpan[]).map((span) => ({
        traceId: span.traceId,
        spanId: span.id,
        parentId: span.parentId ?? "",
        service: span.localEndpoint.serviceName,
        name: span.name,
        kind: span.kind?.toLowerCase(),
        tags: span.tags ?? {},
        logs: (span.annotations ?? []).map(({ value }) => ({ event: value })),
      })),
  };
}
