// Decodes OTLP with OpenTelemetry's own definitions, compiled by protobufjs: the judge over our encoders.

import { createRequire } from "node:module";

/** As protobufjs shows an ExportTraceServiceRequest: 64-bit numbers as decimal texts, bytes as base64. */
export interface DecodedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentSpanId: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly { timeUnixNano: string; name: string; attributes: readonly KeyValue[] }[];
  readonly droppedEventsCount: number;
  readonly links: readonly {
    traceId: string;
    spanId: string;
    traceState: string;
    attributes: readonly KeyValue[];
    flags: number;
  }[];
  readonly status: { code: number; message: string } | null;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface DecodedRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly DecodedSpan[];
    }[];
  }[];
}

interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromObject(plain: object): object;
  toObject(message: object, options: object): object;
}

const require = createRequire(import.meta.url);
const service = require("@opentelemetry/otlp-transformer/build/src/generated/root.js").opentelemetry.proto.collector
  .trace.v1;
const requestType: MessageType = service.ExportTraceServiceRequest;
const responseType: MessageType = service.ExportTraceServiceResponse;

const SHOWN = { longs: String, bytes: String, enums: Number, defaults: true, arrays: true, oneofs: false };

/** Decodes the protobuf form. Throws where it is none. */
export function decodeProtobuf(body: Uint8Array): DecodedRequest {
  return withoutDefaults(requestType.toObject(requestType.decode(body), SHOWN)) as DecodedRequest;
}

/** Decodes all of a protobuf request, and only counts its spans. */
export function countSpans(body: Uint8Array): number {
  const { resourceSpans } = requestType.decode(body) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] };
  let spans = 0;
  for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans += scope.spans.length;
  return spans;
}

/** Reads the JSON form through the same definitions; ids, which OTLP writes in hexadecimal, become base64. */
export function decodeJson(body: Uint8Array | string): DecodedRequest {
  const plain = JSON.parse(body.toString(), (name, value) =>
    name === "traceId" || name === "spanId" || name === "parentSpanId"
      ? Buffer.from(value, "hex").toString("base64")
      : value,
  );
  return withoutDefaults(requestType.toObject(requestType.fromObject(plain), SHOWN)) as DecodedRequest;
}

/** An answer with a partial success. */
export function encodeAnswer(rejectedSpans: number, errorMessage: string): Uint8Array {
  return responseType.encode(responseType.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish();
}

/** All spans of a request. */
export function spansOf(request: DecodedRequest): readonly DecodedSpan[] {
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

/** Attributes as an object: integers as big integers, doubles as numbers. Throws where a name comes twice. */
export function attributesOf(list: readonly KeyValue[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { key, value } of list) {
    if (Object.hasOwn(result, key)) throw new Error(`the attribute ${key} comes twice`);
    Object.defineProperty(result, key, { value: plainValue(value), enumerable: true });
  }
  return result;
}

function plainValue(value: KeyValue["value"]): unknown {
  if ("intValue" in value) return BigInt(value["intValue"] as string);
  if ("arrayValue" in value) return (value["arrayValue"] as { values: KeyValue["value"][] }).values.map(plainValue);
  return Object.values(value)[0];
}

// Generated code shows `oneof` members only where they are set; nothing is left to do but to cut prototypes off.
function withoutDefaults(value: object): object {
  return structuredClone(value);
}
