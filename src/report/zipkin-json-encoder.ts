// Spans as Zipkin v2 JSON: https://zipkin.io/zipkin-api/#/default/post_spans

import { isIP } from "node:net";
import { setOwn } from "../set-own.ts";
import { ERROR, type FlatTags, HTTP_URL, SPAN_KIND, tagOf } from "../tags.ts";
import { DEBUG, parentSpanIdHex, spanIdHex, traceIdHex } from "../trace-context.ts";
import { valueText } from "./attribute-value.ts";
import type { ByteBuffer } from "./byte-buffer.ts";
import { errorFacts } from "./error-facts.ts";
import { isTime } from "./nanoseconds.ts";
import type { FinishedSpan, LogEntry } from "./reporter.ts";
import { CLIENT, kindOf, outcomeOf, PRODUCER, type SpanKind } from "./semantic-conventions.ts";
import type { SpanEncoder } from "./span-encoder.ts";
import { urlParts } from "./url-parts.ts";
import { wellFormed } from "./well-formed.ts";

/** Kinds by OTLP's numbers; Zipkin has none for work inside a process. */
const KINDS: readonly (string | undefined)[] = [undefined, undefined, "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

/**
 * Tags keep their OpenTracing names, which Zipkin's own instrumentation shares (`http.method`, `http.status_code`), plus
 * `http.path`. Log entries become annotations. References beyond the parent have no place in Zipkin.
 */
export class ZipkinJsonEncoder implements SpanEncoder {
  readonly contentType = "application/json";
  readonly #localEndpoint: { readonly serviceName: string };

  constructor(serviceName: string) {
    this.#localEndpoint = { serviceName: wellFormed(serviceName) };
  }

  encode(span: FinishedSpan, to: ByteBuffer): void {
    const text = JSON.stringify(this.#spanJson(span));
    to.text(to.length === 0 ? text : `,${text}`);
  }

  body(spans: Uint8Array): Uint8Array[] {
    return [HEAD, spans, TAIL];
  }

  #spanJson(span: FinishedSpan): object {
    const { context, tags } = span;
    return {
      traceId: traceIdHex(context),
      id: spanIdHex(context),
      parentId: parentSpanIdHex(span) || undefined,
      kind: KINDS[kindOf(tags)],
      name: wellFormed(span.operationName),
      timestamp: microseconds(span.startTime),
      // Zipkin takes 0 for "unknown".
      duration: Math.max(1, microseconds(span.endTime - span.startTime)),
      localEndpoint: this.#localEndpoint,
      remoteEndpoint: remoteEndpoint(tags),
      annotations: span.logs.length === 0 ? undefined : span.logs.map(annotation),
      tags: zipkinTags(span),
      // Asks back ends that sample on their own to keep it.
      debug: (context.traceFlags & DEBUG) !== 0 || undefined,
    };
  }
}

const HEAD = Buffer.from("[");
const TAIL = Buffer.from("]");

function zipkinTags(span: FinishedSpan): Record<string, string> {
  const { tags } = span;
  const kind = kindOf(tags);
  const result: Record<string, string> = {};
  for (let i = 0; i < tags.length; i += 2) {
    const value = tags[i + 1];
    if (value === undefined || value === null || isTold(span, kind, tags[i], value)) continue;
    set(result, String(tags[i]), valueText(value));
  }
  const url = tagOf(tags, HTTP_URL);
  if (url !== undefined && !("http.path" in result)) set(result, "http.path", urlParts(valueText(url)).path);
  if (span.scope !== undefined) {
    set(result, "otel.scope.name", span.scope.name);
    if (span.scope.version !== undefined) set(result, "otel.scope.version", span.scope.version);
  }
  setCount(result, "otel.dropped_attributes_count", span.droppedTags);
  setCount(result, "otel.dropped_events_count", span.droppedLogs);
  setCount(result, "otel.dropped_links_count", span.droppedReferences);
  const outcome = outcomeOf(span, kind);
  if (span.status !== undefined) set(result, "otel.status_code", span.status.code === 2 ? "ERROR" : "OK");
  const failure = outcome.message || outcome.errorType;
  if (outcome.code === 2 && (failure !== "" || !(ERROR in result))) set(result, ERROR, failure);
  return result;
}

/** Whether the kind or the outcome tells it already. */
function isTold({ scope, status }: FinishedSpan, kind: SpanKind, name: unknown, value: unknown): boolean {
  if (name === SPAN_KIND) return KINDS[kind] !== undefined || value === "internal";
  // Any `error` tag marks a failure there, even "false". In OpenTelemetry's API it is an attribute like all others.
  return name === ERROR && (scope === undefined || status?.code === 1 || value === false || value === "false");
}

/** What limits have dropped, as OpenTelemetry's specification has it for formats other than OTLP ("Dropped Attributes Count"). */
function setCount(record: Record<string, string>, name: string, dropped = 0): void {
  if (dropped > 0) record[name] = String(dropped);
}

function set(record: Record<string, string>, name: string, value: string): void {
  setOwn(record, wellFormed(name), wellFormed(value));
}

function remoteEndpoint(tags: FlatTags): object | undefined {
  const { host, port } = called(tags);
  const family = isIP(host);
  const serviceName = tagOf(tags, "peer.service") ?? (host === "" || family !== 0 ? undefined : host);
  const ipv4 = tagOf(tags, "peer.ipv4") ?? (family === 4 ? host : undefined);
  const ipv6 = tagOf(tags, "peer.ipv6") ?? (family === 6 ? host : undefined);
  const peerPort = Number(valueText(tagOf(tags, "peer.port") ?? port));
  if (serviceName === undefined && ipv4 === undefined && ipv6 === undefined) return undefined;
  return {
    serviceName: serviceName === undefined ? undefined : wellFormed(valueText(serviceName)),
    ipv4: typeof ipv4 === "string" ? wellFormed(ipv4) : undefined,
    ipv6: typeof ipv6 === "string" ? wellFormed(ipv6) : undefined,
    port: Number.isInteger(peerPort) && peerPort > 0 && peerPort <= 0xffff ? peerPort : undefined,
  };
}

/** Host and port that a client or a producer has called; "" where they are not told. */
function called(tags: FlatTags): { readonly host: string; readonly port: unknown } {
  const kind = kindOf(tags);
  if (kind !== CLIENT && kind !== PRODUCER) return NOBODY;
  const url = kind === CLIENT ? tagOf(tags, HTTP_URL) : undefined;
  const parts = url === undefined ? NOBODY : urlParts(valueText(url));
  if (parts.host !== "") return parts;
  for (const [address, port] of CALLED) {
    const host = tagOf(tags, address);
    if (typeof host === "string" && host !== "") return { host, port: tagOf(tags, port) };
  }
  return NOBODY;
}

/** As OpenTelemetry's specification has it for Zipkin ("Remote endpoint"), the preferred first. */
const CALLED: readonly (readonly [address: string, port: string])[] = [
  ["server.address", "server.port"],
  ["net.peer.name", "net.peer.port"],
  ["network.peer.address", "network.peer.port"],
  ["peer.hostname", "peer.port"],
];
const NOBODY = { host: "", port: 0 };

/** The event alone where that is all there is, else all fields as JSON. */
function annotation({ timestamp, name, fields }: LogEntry): object {
  const time = Math.max(1, microseconds(timestamp)); // Zipkin refuses all spans of a request where it is 0
  if (name !== undefined) return { timestamp: time, value: eventText(name, fields) };
  const shown: Record<string, string> = {};
  for (const name in fields) if (name !== "error.object" && name !== "stack") set(shown, name, valueText(fields[name]));
  if (fields["event"] === "error") {
    const { kind, message } = errorFacts(fields);
    if (kind !== "") set(shown, "error.kind", kind);
    if (message !== "") set(shown, "message", message);
  }
  const names = Object.keys(shown);
  const value = names.length === 1 && names[0] === "event" ? shown["event"]! : JSON.stringify(shown);
  return { timestamp: time, value };
}

/** As OpenTelemetry's specification has it for Zipkin: the name, and the attributes as JSON by it where there are any. */
function eventText(name: string, attributes: Readonly<Record<string, unknown>>): string {
  const shown: Record<string, string> = {};
  for (const key in attributes) set(shown, key, valueText(attributes[key]));
  return Object.keys(shown).length === 0 ? wellFormed(name) : JSON.stringify({ [wellFormed(name)]: shown });
}

/** What is no time becomes 0, for Zipkin reads whole numbers of 63 bits alone. */
function microseconds(milliseconds: number): number {
  return isTime(milliseconds) ? Math.round(milliseconds * 1000) : 0;
}
