// Spans as OTLP JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { REFERENCE_LINK } from "../link.ts";
import type { FlatTags } from "../tags.ts";
import { hasIds, parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";
import { VERSION } from "../version.ts";
import { type AttributeValue, attributeValue } from "./attribute-value.ts";
import { ByteBuffer, type Run } from "./byte-buffer.ts";
import { nanosecondsText } from "./nanoseconds.ts";
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
import { wellFormed } from "./well-formed.ts";

const NO_TAGS: FlatTags = [];
const COMMA = 0x2c;
const BRACKET = 0x5d;

/** For back ends that take no protobuf, and for reading along. Several times larger than protobuf. */
export class OtlpJsonEncoder implements SpanEncoder, AttributeSink {
  readonly contentType = "application/json";
  readonly #head: Buffer;
  /** Where `attribute` writes. */
  #to: ByteBuffer;
  readonly #templates = new SpanTemplates((name, kind, tags) => this.#encodeCommon(name, kind, tags));

  constructor(resource: Readonly<Record<string, unknown>>) {
    this.#to = new ByteBuffer(1024);
    this.#head = this.#encodeHead(resource);
  }

  /** Elements of lists have a comma after them, of which the last becomes the list's end: what each becomes is the same wherever it stands. */
  encode(span: FinishedSpan, to: ByteBuffer): void {
    const { tags } = span;
    const kind = kindOf(tags);
    const template = span.scope === undefined ? this.#templates.find(span.operationName, kind, tags) : undefined;
    if (span.scope !== to.scope) to.beginRun(span.scope);
    this.#to = to;
    to.text(`${to.length === to.runStart ? "" : ","}{${identity(span)},`);
    if (template === undefined) {
      to.text(nameAndKind(span.operationName, kind));
      writeTags(this, span, kind);
    } else {
      to.append(template.common);
      writeDiffering(template, tags, kind, this, to);
    }
    const outcome = outcomeOf(span, kind);
    writeOutcome(this, outcome, tags);
    endList(to);
    if (span.logs.length > 0) this.#events(span.logs);
    if (span.references.length > 0) this.#links(span.references);
    to.text(
      `${dropped("Attributes", span.droppedTags)}${dropped("Events", span.droppedLogs)}${dropped("Links", span.droppedReferences)}${status(outcome)}}`,
    );
  }

  body(spans: Uint8Array, runs: readonly Run[] = ONE_RUN): Uint8Array[] {
    const parts: Uint8Array[] = [this.#head];
    for (let i = 0; i < runs.length; i++) {
      const { start, scope } = runs[i]!;
      const end = runs[i + 1]?.start ?? spans.length;
      if (end === start && runs.length > 1) continue;
      parts.push(scopeSpansHead(scope ?? OWN_SCOPE, parts.length === 1), spans.subarray(start, end), RUN_TAIL);
    }
    parts.push(TAIL);
    return parts;
  }

  /** For the translation of tags alone. */
  attribute(name: string, value: unknown): void {
    if (typeof name !== "string") return;
    const known = attributeValue(value);
    if (known !== undefined) this.#to.text(`{"key":${quoted(name)},"value":${anyValue(known)}},`);
  }

  #events(entries: readonly LogEntry[]): void {
    const to = this.#to;
    to.text(',"events":[');
    for (const entry of entries) {
      const time = nanosecondsText(entry.timestamp);
      to.text(`{"timeUnixNano":"${time}","name":${quoted(eventName(entry))},"attributes":[`);
      writeEvent(this, entry);
      endList(to);
      to.text(`${dropped("Attributes", entry.droppedFields)}},`);
    }
    endList(to);
  }

  #links(references: readonly SpanReference[]): void {
    const to = this.#to;
    to.text(',"links":[');
    for (const { type, context, attributes, droppedAttributes } of references) {
      if (!hasIds(context)) continue;
      to.text(`{${ids(context)},"flags":${linkFlags(context)},"attributes":[`);
      if (type !== REFERENCE_LINK) this.attribute("opentracing.ref_type", type);
      for (const name in attributes) this.attribute(name, attributes[name]);
      endList(to);
      to.text(`${dropped("Attributes", droppedAttributes)}},`);
    }
    endList(to);
  }

  #encodeCommon(name: string, kind: SpanKind, tags: FlatTags): Uint8Array {
    const to = new ByteBuffer(1024);
    this.#to = to;
    to.text(nameAndKind(name, kind));
    for (let i = 0; i < tags.length; i += 2) writeTag(this, tags[i] as string, tags[i + 1], kind, NO_TAGS);
    return to.copyFrom(0);
  }

  #encodeHead(resource: Readonly<Record<string, unknown>>): Buffer {
    const to = this.#to;
    to.text('{"resourceSpans":[{"resource":{"attributes":[');
    for (const [name, value] of Object.entries(resource)) this.attribute(name, value);
    endList(to);
    to.text('},"scopeSpans":[');
    return Buffer.from(to.copyFrom(0));
  }
}

const OWN_SCOPE: InstrumentationScope = { name: "node-opentracing", version: VERSION };
const ONE_RUN: readonly Run[] = [{ start: 0, scope: undefined }];
const RUN_TAIL = Buffer.from("]}");
const TAIL = Buffer.from("]}]}");

function scopeSpansHead({ name, version, schemaUrl }: InstrumentationScope, isFirst: boolean): Buffer {
  const scope = JSON.stringify({ name: wellFormed(name), version: version && wellFormed(version) });
  const url = schemaUrl === undefined ? "" : `"schemaUrl":${quoted(schemaUrl)},`;
  return Buffer.from(`${isFirst ? "" : ","}{"scope":${scope},${url}"spans":[`);
}

/** What is another in each span. */
function identity(span: FinishedSpan): string {
  const parent = parentSpanIdHex(span);
  const parentId = parent === "" ? "" : `"parentSpanId":"${parent}",`;
  const [start, end] = [nanosecondsText(span.startTime), nanosecondsText(span.endTime)];
  return `${ids(span.context)},${parentId}"flags":${spanFlags(span)},"startTimeUnixNano":"${start}","endTimeUnixNano":"${end}"`;
}

function ids(context: SpanReference["context"]): string {
  const state = context.traceState === "" ? "" : `,"traceState":${quoted(context.traceState)}`;
  return `"traceId":"${traceIdHex(context)}","spanId":"${spanIdHex(context)}"${state}`;
}

/** With the beginning of the attributes. */
function nameAndKind(name: string, kind: SpanKind): string {
  return `"name":${quoted(name)},"kind":${kind},"attributes":[`;
}

function dropped(what: "Attributes" | "Events" | "Links", number: number | undefined): string {
  return number === undefined || number === 0 ? "" : `,"dropped${what}Count":${number}`;
}

function status({ code, message }: Outcome): string {
  if (code === 0) return "";
  return `,"status":{"code":${code}${message === "" ? "" : `,"message":${quoted(message)}`}}`;
}

/** Ends the list that was written last: the comma after its last element, where it has any, becomes the bracket. */
function endList(to: ByteBuffer): void {
  if (to.bytes[to.length - 1] === COMMA) to.bytes[to.length - 1] = BRACKET;
  else to.text("]");
}

/** Null is an AnyValue with nothing set. */
function anyValue(value: AttributeValue | null): string {
  if (value === null) return "{}";
  switch (typeof value) {
    case "boolean":
      return `{"boolValue":${value}}`;
    case "bigint":
      return `{"intValue":"${value}"}`;
    case "number":
      if (Number.isSafeInteger(value)) return `{"intValue":"${value}"}`;
      // JSON has no number for these; proto3's JSON mapping spells them out.
      return `{"doubleValue":${Number.isFinite(value) ? value : `"${value}"`}}`;
    case "object":
      return `{"arrayValue":{"values":[${value.map(anyValue).join(",")}]}}`;
    default:
      return `{"stringValue":${quoted(String(value))}}`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(wellFormed(text));
}
