// Spans as OTLP JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { REFERENCE_LINK } from "../link.ts";
import { hasIds, parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";
import { VERSION } from "../version.ts";
import { type AttributeValue, attributeValue } from "./attribute-value.ts";
import type { ByteBuffer } from "./byte-buffer.ts";
import { nanosecondsText } from "./nanoseconds.ts";
import type { FinishedSpan, LogEntry, SpanReference } from "./reporter.ts";
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
    const scope = { name: "node-opentracing", version: VERSION };
    this.#head = Buffer.from(
      `{"resourceSpans":[{"resource":${JSON.stringify({ attributes: attributes.list })},` +
        `"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`,
    );
  }

  encode(span: FinishedSpan, to: ByteBuffer): void {
    const text = JSON.stringify(spanJson(span));
    to.text(to.length === 0 ? text : `,${text}`);
  }

  body(spans: Uint8Array): Uint8Array[] {
    return [this.#head, spans, TAIL];
  }
}

const TAIL = Buffer.from("]}]}]}");

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
  writeTags(attributes, tags, kind);
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
    status:
      outcome.code === 0
        ? undefined
        : { code: outcome.code, message: outcome.message === "" ? undefined : wellFormed(outcome.message) },
  };
}

function eventJson(entry: LogEntry): object {
  const attributes = new KeyValues();
  writeEvent(attributes, entry.fields);
  return {
    timeUnixNano: nanosecondsText(entry.timestamp),
    name: wellFormed(eventName(entry.fields)),
    attributes: attributes.list,
  };
}

function linkJson({ type, context }: SpanReference): object {
  return {
    traceId: traceIdHex(context),
    spanId: spanIdHex(context),
    traceState: context.traceState || undefined,
    attributes:
      type === REFERENCE_LINK ? undefined : [{ key: "opentracing.ref_type", value: { stringValue: wellFormed(type) } }],
    flags: linkFlags(context),
  };
}

function anyValue(value: AttributeValue): object {
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
