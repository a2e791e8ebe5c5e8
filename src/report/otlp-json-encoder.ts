// Spans as OTLP JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { REFERENCE_LINK } from "../link.ts";
import { hasIds, parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";
import { VERSION } from "../version.ts";
import { type AttributeValue, attributeValue } from "./attribute-value.ts";
import type { ByteBuffer, Run } from "./byte-buffer.ts";
import { nanosecondsText } from "./nanoseconds.ts";
import type { FinishedSpan, InstrumentationScope, LogEntry, SpanReference } from "./reporter.ts";
import {
  type AttributeSink,
  eventName,
  kindOf,
  outcomeOf,
  writeEvent,
  writeOutcome,
  writeTags,
} from "./semantic-conventions.ts";
import type { SpanEncoder } from "./span-encoder.ts";
import { linkFlags, spanFlags } from "./span-flags.ts";
import { wellFormed } from "./well-formed.ts";

/** For back ends that take no protobuf, and for reading along. Several times slower and larger than protobuf. */
export class OtlpJsonEncoder implements SpanEncoder {
  readonly contentType = "application/json";
  readonly #head: Buffer;

  constructor(resource: Readonly<Record<string, unknown>>) {
    const attributes = new KeyValues();
    for (const [name, value] of Object.entries(resource)) attributes.attribute(name, value);
    this.#head = Buffer.from(
      `{"resourceSpans":[{"resource":${JSON.stringify({ attributes: attributes.list })},"scopeSpans":[`,
    );
  }

  encode(span: FinishedSpan, to: ByteBuffer): void {
    const text = JSON.stringify(spanJson(span));
    if (span.scope !== to.scope) to.beginRun(span.scope);
    to.text(to.length === to.runStart ? text : `,${text}`);
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
}

const OWN_SCOPE: InstrumentationScope = { name: "node-opentracing", version: VERSION };
const ONE_RUN: readonly Run[] = [{ start: 0, scope: undefined }];
const RUN_TAIL = Buffer.from("]}");
const TAIL = Buffer.from("]}]}");

function scopeSpansHead({ name, version, schemaUrl }: InstrumentationScope, isFirst: boolean): Buffer {
  const scope = JSON.stringify({ name: wellFormed(name), version: version && wellFormed(version) });
  const url = schemaUrl === undefined ? "" : `"schemaUrl":${JSON.stringify(wellFormed(schemaUrl))},`;
  return Buffer.from(`${isFirst ? "" : ","}{"scope":${scope},${url}"spans":[`);
}

/** Collects attributes as JSON's `KeyValue` objects. */
class KeyValues implements AttributeSink {
  readonly list: { key: string; value: object }[] = [];

  attribute(name: string, value: unknown): void {
    if (typeof name !== "string") return;
    const known = attributeValue(value);
    if (known !== undefined) this.list.push({ key: wellFormed(name), value: anyValue(known) });
  }
}

function spanJson(span: FinishedSpan): object {
  const { context, tags } = span;
  const kind = kindOf(tags);
  const attributes = new KeyValues();
  writeTags(attributes, span, kind);
  const outcome = outcomeOf(span, kind);
  writeOutcome(attributes, outcome, tags);
  return {
    traceId: traceIdHex(context),
    spanId: spanIdHex(context),
    traceState: context.traceState || undefined,
    parentSpanId: parentSpanIdHex(span) || undefined,
    flags: spanFlags(span),
    name: wellFormed(span.operationName),
    kind,
    startTimeUnixNano: nanosecondsText(span.startTime),
    endTimeUnixNano: nanosecondsText(span.endTime),
    attributes: attributes.list,
    droppedAttributesCount: span.droppedTags || undefined,
    events: span.logs.length === 0 ? undefined : span.logs.map(eventJson),
    droppedEventsCount: span.droppedLogs || undefined,
    links:
      span.references.length === 0 ? undefined : span.references.filter(({ context }) => hasIds(context)).map(linkJson),
    droppedLinksCount: span.droppedReferences || undefined,
    status:
      outcome.code === 0
        ? undefined
        : { code: outcome.code, message: outcome.message === "" ? undefined : wellFormed(outcome.message) },
  };
}

function eventJson(entry: LogEntry): object {
  const attributes = new KeyValues();
  writeEvent(attributes, entry);
  return {
    timeUnixNano: nanosecondsText(entry.timestamp),
    name: wellFormed(eventName(entry)),
    attributes: attributes.list,
    droppedAttributesCount: entry.droppedFields || undefined,
  };
}

function linkJson({ type, context, attributes, droppedAttributes }: SpanReference): object {
  const written = new KeyValues();
  if (type !== REFERENCE_LINK) written.attribute("opentracing.ref_type", type);
  for (const name in attributes) written.attribute(name, attributes[name]);
  return {
    traceId: traceIdHex(context),
    spanId: spanIdHex(context),
    traceState: context.traceState || undefined,
    attributes: written.list,
    droppedAttributesCount: droppedAttributes || undefined,
    flags: linkFlags(context),
  };
}

/** Null is an AnyValue with nothing set. */
function anyValue(value: AttributeValue | null): object {
  if (value === null) return {};
  switch (typeof value) {
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return { intValue: String(value) };
    case "number":
      if (Number.isSafeInteger(value)) return { intValue: String(value) };
      // JSON has no number for these; proto3's JSON mapping spells them out.
      return { doubleValue: Number.isFinite(value) ? value : String(value) };
    case "object":
      return { arrayValue: { values: value.map(anyValue) } };
    default:
      return { stringValue: wellFormed(String(value)) };
  }
}
