// Spans as OTLP protobuf: opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto, 1.x.

import { REFERENCE_LINK } from "../link.ts";
import type { FlatTags } from "../tags.ts";
import { hasIds, type TraceContext } from "../trace-context.ts";
import { VERSION } from "../version.ts";
import { type AttributeValue, attributeValue } from "./attribute-value.ts";
import { ByteBuffer, type Run } from "./byte-buffer.ts";
import { writeNanoseconds } from "./nanoseconds.ts";
import {
  beginMessage,
  endMessage,
  fieldKey,
  writeByte,
  writeDouble,
  writeFixed32,
  writeShortNumber,
  writeShortText,
  writeText,
  writeVarint,
  writeVarint64,
  writeWord,
} from "./protobuf-writer.ts";
import type { FinishedSpan, InstrumentationScope, LogEntry, SpanReference } from "./reporter.ts";
import {
  type AttributeSink,
  eventName,
  kindOf,
  type Outcome,
  outcomeOf,
  type SpanKind,
  writeEvent,
  writeOutcome,
  writeTag,
  writeTags,
} from "./semantic-conventions.ts";
import type { SpanEncoder } from "./span-encoder.ts";
import { linkFlags, spanFlags } from "./span-flags.ts";
import { SpanTemplates, writeDiffering } from "./span-template.ts";

const VARINT = 0;
const FIXED64 = 1;
const MESSAGE = 2;
const FIXED32 = 5;

/** Room for a span's or link's fields of fixed size, with their keys. */
const FIXED_FIELDS = 160;

const OWN_SCOPE: InstrumentationScope = { name: "node-opentracing", version: VERSION };
const NO_TAGS: FlatTags = [];
const ONE_RUN: readonly Run[] = [{ start: 0, scope: undefined }];

/** Encodes spans one by one as `ScopeSpans.spans`; a body is these with one resource before them, and a scope before each run of spans of one. */
export class OtlpProtobufEncoder implements SpanEncoder, AttributeSink {
  readonly contentType = "application/x-protobuf";
  readonly #resource: Buffer;
  readonly #scope: Buffer;
  /** Where `attribute` writes, and the key of the field that it fills there. */
  #to: ByteBuffer;
  #key = 0;
  readonly #templates = new SpanTemplates((name, kind, tags) => this.#encodeCommon(name, kind, tags));

  constructor(resource: Readonly<Record<string, unknown>>) {
    this.#to = new ByteBuffer(1024);
    this.#resource = this.#encodeResource(resource);
    this.#scope = encodeScope(OWN_SCOPE);
  }

  /**
   * Span: trace_id 1, span_id 2, trace_state 3, parent_span_id 4, name 5, kind 6, start_time_unix_nano 7,
   * end_time_unix_nano 8, attributes 9, dropped_attributes_count 10, events 11, dropped_events_count 12, links 13,
   * dropped_links_count 14, status 15, flags 16. It is itself ScopeSpans.spans 2.
   */
  encode(span: FinishedSpan, to: ByteBuffer): void {
    const { context, tags } = span;
    const kind = kindOf(tags);
    const template = span.scope === undefined ? this.#templates.find(span.operationName, kind, tags) : undefined;
    if (span.scope !== to.scope) to.beginRun(span.scope);
    to.reserve(FIXED_FIELDS);
    writeByte(to, fieldKey(2, MESSAGE));
    const room = template?.room ?? 2;
    const start = beginMessage(to, room);
    writeIds(to, context);
    if (context.traceState !== "") writeTextField(to, fieldKey(3, MESSAGE), context.traceState);
    to.reserve(FIXED_FIELDS);
    if ((span.parentSpanId0 | span.parentSpanId1) !== 0) {
      writeByte(to, fieldKey(4, MESSAGE));
      writeByte(to, 8);
      writeWord(to, span.parentSpanId0);
      writeWord(to, span.parentSpanId1);
    }
    writeByte(to, fieldKey(7, FIXED64));
    writeNanoseconds(to, span.startTime);
    writeByte(to, fieldKey(8, FIXED64));
    writeNanoseconds(to, span.endTime);
    // Field numbers above 15 need two bytes for their key.
    writeVarint(to, fieldKey(16, FIXED32));
    writeFixed32(to, spanFlags(span));

    this.#to = to;
    this.#key = fieldKey(9, MESSAGE);
    if (template === undefined) {
      writeNameAndKind(to, span.operationName, kind);
      writeTags(this, span, kind);
    } else {
      to.append(template.common);
      writeDiffering(template, tags, kind, this, to);
    }
    const outcome = outcomeOf(span, kind);
    if (outcome.code !== 0) {
      writeOutcome(this, outcome, tags);
      writeStatus(to, outcome);
    }
    for (let i = 0; i < span.logs.length; i++) this.#event(to, span.logs[i]!);
    for (let i = 0; i < span.references.length; i++) this.#link(to, span.references[i]!);
    if (span.droppedTags + span.droppedLogs + (span.droppedReferences ?? 0) > 0) writeDropped(to, span);
    const needed = endMessage(to, start, room);
    if (template !== undefined) template.room = needed === 1 ? 1 : 2;
  }

  /** ExportTraceServiceRequest: resource_spans 1. ResourceSpans: resource 1, scope_spans 2. */
  body(spans: Uint8Array, runs: readonly Run[] = ONE_RUN): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let i = 0; i < runs.length; i++) {
      const { start, scope } = runs[i]!;
      const end = runs[i + 1]?.start ?? spans.length;
      if (end === start && runs.length > 1) continue;
      parts.push(scopeSpansHead(this.#scopeOf(scope), end - start), spans.subarray(start, end));
    }
    const size = parts.reduce((sum, part) => sum + part.length, this.#resource.length);
    return [Buffer.concat([messageHead(1, size), this.#resource, parts[0]!]), ...parts.slice(1)];
  }

  /** What a span's name, kind and tags become. */
  #encodeCommon(name: string, kind: SpanKind, tags: FlatTags): Uint8Array {
    const to = new ByteBuffer(1024);
    this.#to = to;
    this.#key = fieldKey(9, MESSAGE);
    writeNameAndKind(to, name, kind);
    for (let i = 0; i < tags.length; i += 2) writeTag(this, tags[i] as string, tags[i + 1], kind, NO_TAGS);
    return to.copyFrom(0);
  }

  #scopeOf(scope: InstrumentationScope | undefined): Buffer {
    return scope === undefined ? this.#scope : encodeScope(scope);
  }

  /** For the translation of tags alone. KeyValue: key 1, value 2. */
  attribute(name: string, value: unknown): void {
    if (typeof name !== "string") return;
    if (typeof value === "string" && writeShortText(this.#to, this.#key, name, value)) return;
    if (typeof value === "number" && writeShortNumber(this.#to, this.#key, name, value)) return;
    const plain = typeof value === "object" || typeof value === "bigint" ? attributeValue(value) : value;
    if (plain === undefined || plain === null) return;
    const to = this.#to;
    to.reserve(64);
    writeByte(to, this.#key);
    const start = beginMessage(to);
    writeByte(to, fieldKey(1, MESSAGE));
    writeText(to, name);
    to.reserve(64);
    writeByte(to, fieldKey(2, MESSAGE));
    writeValue(to, plain);
    endMessage(to, start);
  }

  /** Event: time_unix_nano 1, name 2, attributes 3, dropped_attributes_count 4. It is itself Span.events 11. */
  #event(to: ByteBuffer, entry: LogEntry): void {
    to.reserve(FIXED_FIELDS);
    writeByte(to, fieldKey(11, MESSAGE));
    const start = beginMessage(to);
    writeByte(to, fieldKey(1, FIXED64));
    writeNanoseconds(to, entry.timestamp);
    writeTextField(to, fieldKey(2, MESSAGE), eventName(entry));
    this.#key = fieldKey(3, MESSAGE);
    writeEvent(this, entry);
    writeCount(to, 4, entry.droppedFields);
    endMessage(to, start);
  }

  /** Link: trace_id 1, span_id 2, trace_state 3, attributes 4, dropped_attributes_count 5, flags 6. It is itself Span.links 13. */
  #link(to: ByteBuffer, { type, context, attributes, droppedAttributes }: SpanReference): void {
    if (!hasIds(context)) return;
    to.reserve(FIXED_FIELDS);
    writeByte(to, fieldKey(13, MESSAGE));
    const start = beginMessage(to);
    writeIds(to, context);
    writeByte(to, fieldKey(6, FIXED32));
    writeFixed32(to, linkFlags(context));
    if (context.traceState !== "") writeTextField(to, fieldKey(3, MESSAGE), context.traceState);
    this.#key = fieldKey(4, MESSAGE);
    if (type !== REFERENCE_LINK) this.attribute("opentracing.ref_type", type);
    for (const name in attributes) this.attribute(name, attributes[name]);
    writeCount(to, 5, droppedAttributes);
    endMessage(to, start);
  }

  /** ResourceSpans.resource 1. Resource: attributes 1. */
  #encodeResource(resource: Readonly<Record<string, unknown>>): Buffer {
    const to = this.#to;
    writeByte(to, fieldKey(1, MESSAGE));
    const start = beginMessage(to);
    this.#key = fieldKey(1, MESSAGE);
    for (const [name, value] of Object.entries(resource)) this.attribute(name, value);
    endMessage(to, start);
    return Buffer.from(to.bytes.subarray(0, to.length));
  }
}

/** A message's key and length. */
function messageHead(field: number, size: number): Buffer {
  const to = new ByteBuffer(16);
  writeByte(to, fieldKey(field, MESSAGE));
  writeVarint(to, size);
  return to.bytes.subarray(0, to.length);
}

/** All of a ScopeSpans but its spans: scope 1, spans 2, schema_url 3. It is itself ResourceSpans.scope_spans 2. */
function scopeSpansHead(scope: Buffer, spans: number): Buffer {
  return Buffer.concat([messageHead(2, scope.length + spans), scope]);
}

/** ScopeSpans.scope 1 and schema_url 3. InstrumentationScope: name 1, version 2. */
function encodeScope({ name, version, schemaUrl }: InstrumentationScope): Buffer {
  const to = new ByteBuffer(256);
  writeByte(to, fieldKey(1, MESSAGE));
  const start = beginMessage(to);
  writeTextField(to, fieldKey(1, MESSAGE), name);
  if (version !== undefined) writeTextField(to, fieldKey(2, MESSAGE), version);
  endMessage(to, start);
  if (schemaUrl !== undefined) writeTextField(to, fieldKey(3, MESSAGE), schemaUrl);
  return Buffer.from(to.bytes.subarray(0, to.length));
}

/** trace_id 1 and span_id 2, as in Span and in Link. */
function writeIds(to: ByteBuffer, context: Readonly<TraceContext>): void {
  writeByte(to, fieldKey(1, MESSAGE));
  writeByte(to, 16);
  writeWord(to, context.traceId0);
  writeWord(to, context.traceId1);
  writeWord(to, context.traceId2);
  writeWord(to, context.traceId3);
  writeByte(to, fieldKey(2, MESSAGE));
  writeByte(to, 8);
  writeWord(to, context.spanId0);
  writeWord(to, context.spanId1);
}

/** name 5 and kind 6. */
function writeNameAndKind(to: ByteBuffer, name: string, kind: SpanKind): void {
  writeTextField(to, fieldKey(5, MESSAGE), name);
  to.reserve(2);
  writeByte(to, fieldKey(6, VARINT));
  writeByte(to, kind);
}

function writeTextField(to: ByteBuffer, key: number, text: string): void {
  to.reserve(1);
  writeByte(to, key);
  writeText(to, text);
}

function writeDropped(to: ByteBuffer, span: FinishedSpan): void {
  writeCount(to, 10, span.droppedTags);
  writeCount(to, 12, span.droppedLogs);
  writeCount(to, 14, span.droppedReferences);
}

/** A number of dropped things, in a field whose key is one byte, where there are any. */
function writeCount(to: ByteBuffer, field: number, dropped: number | undefined): void {
  if (dropped === undefined || dropped === 0) return;
  to.reserve(8);
  writeByte(to, fieldKey(field, VARINT));
  writeVarint(to, dropped);
}

/** Status: message 2, code 3. It is itself Span.status 15. */
function writeStatus(to: ByteBuffer, { code, message }: Outcome): void {
  to.reserve(FIXED_FIELDS);
  writeByte(to, fieldKey(15, MESSAGE));
  const start = beginMessage(to);
  writeByte(to, fieldKey(3, VARINT));
  writeByte(to, code);
  if (message !== "") writeTextField(to, fieldKey(2, MESSAGE), message);
  endMessage(to, start);
}

/** AnyValue: string_value 1, bool_value 2, int_value 3, double_value 4, array_value 5. With its length before it. */
function writeValue(to: ByteBuffer, value: unknown): void {
  const start = beginMessage(to);
  switch (typeof value) {
    case "string":
      writeByte(to, fieldKey(1, MESSAGE));
      writeText(to, value);
      break;
    case "boolean":
      writeByte(to, fieldKey(2, VARINT));
      writeByte(to, value ? 1 : 0);
      break;
    case "number":
      writeNumber(to, value);
      break;
    case "bigint":
      writeByte(to, fieldKey(3, VARINT));
      writeVarint64(to, Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn));
      break;
    case "object":
      if (value !== null) writeArray(to, value as readonly AttributeValue[]);
      break;
    default:
      writeByte(to, fieldKey(1, MESSAGE));
      writeText(to, String(attributeValue(value)));
  }
  endMessage(to, start);
}

function writeNumber(to: ByteBuffer, value: number): void {
  if (value >= 0 && value <= 0xffffffff && Number.isInteger(value)) {
    writeByte(to, fieldKey(3, VARINT));
    writeVarint(to, value);
  } else if (Number.isSafeInteger(value)) {
    writeByte(to, fieldKey(3, VARINT));
    writeVarint64(to, Math.floor(value / 0x100000000), value);
  } else {
    writeByte(to, fieldKey(4, FIXED64));
    writeDouble(to, value);
  }
}

/** ArrayValue: values 1. */
function writeArray(to: ByteBuffer, values: readonly AttributeValue[]): void {
  to.reserve(64);
  writeByte(to, fieldKey(5, MESSAGE));
  const start = beginMessage(to);
  for (const value of values) {
    to.reserve(64);
    writeByte(to, fieldKey(1, MESSAGE));
    writeValue(to, value);
  }
  endMessage(to, start);
}
