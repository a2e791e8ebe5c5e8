// A span that is one of OpenTracing's API and of OpenTelemetry's at once: what a tracer makes while it is registered with the latter.

import {
  type Span as ApiSpan,
  type SpanContext as ApiSpanContext,
  type Attributes,
  type AttributeValue,
  type Exception,
  type Link,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from "@opentelemetry/api";
import { count } from "../../diagnostics.ts";
import { REFERENCE_LINK } from "../../link.ts";
import type { InstrumentationScope } from "../../report/reporter.ts";
import { ERROR, SPAN_KIND } from "../../tags.ts";
import { toText } from "../../text.ts";
import { now, timeOr } from "../../tracer/clock.ts";
import { limitedValue } from "../../tracer/limits.ts";
import { recordOf, Span } from "../../tracer/span.ts";
import type { SpanRecord } from "../../tracer/span-record.ts";
import { isAttribute, keptAttributes, limitedAttribute } from "./attributes.ts";
import { exceptionAttributes } from "./exception.ts";
import { apiSpanContext, ownSpanContext } from "./span-context.ts";
import { isTime, millisecondsOf } from "./time.ts";

const KINDS: Readonly<Record<SpanKind, string | undefined>> = {
  [SpanKind.INTERNAL]: undefined,
  [SpanKind.SERVER]: "server",
  [SpanKind.CLIENT]: "client",
  [SpanKind.PRODUCER]: "producer",
  [SpanKind.CONSUMER]: "consumer",
};

/** Calls after the end, by either API, are ignored and counted, as those of `Span` are. */
export class BilingualSpan extends Span implements ApiSpan {
  #spanContext: ApiSpanContext | undefined;

  /** @internal To be called once, right after the start, for a span that was asked for by OpenTelemetry's API. */
  begun(
    scope: InstrumentationScope,
    kind: SpanKind | undefined,
    attributes: Attributes | undefined,
    links: Link[] | undefined,
  ): this {
    const { record } = this;
    if (record === undefined) return this;
    record.scope = scope;
    const kindName = KINDS[kind ?? SpanKind.INTERNAL];
    if (kindName !== undefined) record.tags.push(SPAN_KIND, kindName);
    if (attributes !== undefined) this.setAttributes(attributes);
    if (links !== undefined) this.addLinks(links);
    return this;
  }

  /** Where it is written to. */
  protected get record(): SpanRecord | undefined {
    return recordOf(this);
  }

  spanContext(): ApiSpanContext {
    this.#spanContext ??= apiSpanContext(this.context());
    return this.#spanContext;
  }

  setAttribute(name: string, value: AttributeValue): this {
    const { record } = this;
    if (record === undefined) this.ignored();
    if (record === undefined || !isAttribute(name, value)) return this;
    const { maxTags, maxValueLength } = this.tracer().limits;
    record.setTag(name, limitedAttribute(value, maxValueLength), maxTags);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const name in attributes) this.setAttribute(name, attributes[name]!);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    const isTimeOnly = isTime(attributesOrTime);
    this.#addEvent(name, isTimeOnly ? undefined : attributesOrTime, isTimeOnly ? attributesOrTime : time);
    return this;
  }

  /** What is neither a text nor has a class, code or message is no exception, and left out. */
  recordException(exception: Exception, time?: TimeInput): void {
    if (this.record === undefined) {
      this.ignored();
      return;
    }
    const attributes = exceptionAttributes(exception);
    if (attributes !== undefined) this.#addEvent("exception", attributes, time);
  }

  /** A link without a valid trace and span id is left out. */
  addLink(link: Link): this {
    const { record } = this;
    const { limits } = this.tracer();
    const context = ownSpanContext(link?.context);
    if (record === undefined) {
      this.ignored();
    } else if (context !== undefined) {
      const { kept, dropped } = keptAttributes(link.attributes, limits.maxLinkFields, limits.maxValueLength);
      const droppedAttributes = dropped + (link.droppedAttributesCount ?? 0);
      record.addReference({ type: REFERENCE_LINK, context, attributes: kept, droppedAttributes }, limits.maxLinks);
    }
    return this;
  }

  addLinks(links: Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  /** Ok is final; an error may become ok; unset changes nothing. A description counts with an error alone. */
  setStatus(status: SpanStatus): this {
    const { record } = this;
    const isError = status?.code === SpanStatusCode.ERROR;
    if (record === undefined) {
      this.ignored();
    } else if ((isError || status?.code === SpanStatusCode.OK) && record.status?.code !== SpanStatusCode.OK) {
      const text = isError && typeof status.message === "string" ? status.message : "";
      const { maxValueLength } = this.tracer().limits;
      record.status = { code: isError ? 2 : 1, message: limitedValue(text, maxValueLength) as string };
    }
    return this;
  }

  updateName(name: string): this {
    return this.setOperationName(name);
  }

  end(endTime?: TimeInput): void {
    this.finish(millisecondsOf(endTime));
  }

  /** Where OpenTelemetry's API started the span, OpenTracing's tag `error` is its status. */
  override setTag(name: string, value: unknown): this {
    if (name !== ERROR || this.record?.scope === undefined) return super.setTag(name, value);
    if (value === false || value === "false") return this.setStatus({ code: SpanStatusCode.OK });
    if (!value) return this;
    const message = typeof value === "string" && value !== "true" ? value : "";
    return this.setStatus({ code: SpanStatusCode.ERROR, message });
  }

  override addTags(tags: Record<string, unknown>): this {
    for (const name in tags) this.setTag(name, tags[name]);
    return this;
  }

  #addEvent(name: string, attributes: Attributes | undefined, time: TimeInput | undefined): void {
    const { record } = this;
    const { limits } = this.tracer();
    if (record === undefined) {
      this.ignored();
    } else if (record.logs.length >= limits.maxLogs) {
      record.droppedLogs++;
      count("span.logs_dropped");
    } else {
      const { kept, dropped } = keptAttributes(attributes, limits.maxFields, limits.maxValueLength);
      const timestamp = timeOr(record.clockOffset + now(), millisecondsOf(time));
      record.addLog({ timestamp, fields: kept, name: toText(name), droppedFields: dropped });
    }
  }
}
