// From OpenTracing's tags and logs to OpenTelemetry's stable semantic conventions: the one place that knows both.

import {
  ERROR,
  type FlatTags,
  HTTP_HOST,
  HTTP_METHOD,
  HTTP_RESEND_COUNT,
  HTTP_SCHEME,
  HTTP_STATUS_CODE,
  HTTP_URL,
  SPAN_KIND,
  tagOf,
} from "../tags.ts";
import { valueText } from "./attribute-value.ts";
import { errorFacts, NO_FACTS } from "./error-facts.ts";
import type { FinishedSpan, LogEntry } from "./reporter.ts";
import { hostAndPort, originParts, urlParts } from "./url-parts.ts";

/** Takes attributes one by one. Encoders are sinks, so that no list of attributes is ever made. */
export interface AttributeSink {
  attribute(name: string, value: unknown): void;
}

/** OTLP's `Span.SpanKind`. */
export type SpanKind = 1 | 2 | 3 | 4 | 5;
const INTERNAL = 1;
/** A span that serves a request. */
export const SERVER = 2;
/** A span that calls another service. */
export const CLIENT = 3;
/** A span that sends a message. */
export const PRODUCER = 4;
const CONSUMER = 5;

/** How a span ended. `code` is OTLP's `Status.StatusCode`: 0 unset, 1 ok, 2 error. `errorType` is "" unless it failed. */
export interface Outcome {
  readonly code: 0 | 1 | 2;
  readonly message: string;
  readonly errorType: string;
}

/** What the outcome is told from. */
type Ended = Pick<FinishedSpan, "tags" | "logs" | "status" | "scope">;

/** As much of a log entry as events are made of. */
type Event = Pick<LogEntry, "name" | "fields">;

const UNSET: Outcome = { code: 0, message: "", errorType: "" };
const OK: Outcome = { code: 1, message: "", errorType: "" };

const KNOWN_METHODS: ReadonlySet<unknown> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "QUERY",
]);

/** The kind that the tag `span.kind` names; internal without one. */
export function kindOf(tags: FlatTags): SpanKind {
  switch (tagOf(tags, SPAN_KIND)) {
    case "server":
      return SERVER;
    case "client":
      return CLIENT;
    case "producer":
      return PRODUCER;
    case "consumer":
      return CONSUMER;
    default:
      return INTERNAL;
  }
}

/**
 * Writes a span's tags as attributes: those below under their stable names as of semantic conventions 1.37, all others as
 * they are. Where a tag has the stable name already, that one counts.
 */
export function writeTags(
  sink: AttributeSink,
  { tags, scope }: Pick<FinishedSpan, "tags" | "scope">,
  kind: SpanKind,
): void {
  if (scope !== undefined) {
    writeAttributes(sink, tags, kind);
    return;
  }
  for (let i = 0; i < tags.length; i += 2) writeTag(sink, tags[i] as string, tags[i + 1], kind, tags);
}

/** Those of a span that was started by OpenTelemetry's API: as they are. */
function writeAttributes(sink: AttributeSink, tags: FlatTags, kind: SpanKind): void {
  for (let i = 0; i < tags.length; i += 2) {
    const name = tags[i] as string;
    const value = tags[i + 1];
    const isKind = name === SPAN_KIND && (kind !== INTERNAL || value === "internal");
    if (!isKind && value !== undefined && value !== null) sink.attribute(name, value);
  }
}

/**
 * Writes one of a span's `tags`, as `writeTags` does, unless it is null or undefined. A switch rather than a table of functions: V8 sees through it.
 */
export function writeTag(sink: AttributeSink, name: string, value: unknown, kind: SpanKind, tags: FlatTags): void {
  if (value === undefined || value === null) return;
  switch (name) {
    case SPAN_KIND:
      // A kind that OTLP does not know must not be lost.
      if (kind === INTERNAL && value !== "internal") sink.attribute(SPAN_KIND, value);
      break;
    case ERROR: // becomes the status
      break;
    case HTTP_METHOD:
      writeMethod(sink, value, tags);
      break;
    case HTTP_URL:
      writeUrl(sink, value, kind, tags);
      break;
    case HTTP_STATUS_CODE:
      write(sink, "http.response.status_code", integer(value), tags);
      break;
    case HTTP_SCHEME:
      write(sink, "url.scheme", value, tags);
      break;
    case HTTP_HOST:
      // A client's URL says it too.
      if (kind === SERVER || !hasAbsoluteUrl(tags)) writeAddress(sink, hostAndPort(valueText(value)), tags);
      break;
    case HTTP_RESEND_COUNT:
      write(sink, "http.request.resend_count", integer(value), tags);
      break;
    case "error.kind":
      write(sink, "error.type", value, tags);
      break;
    case "db.statement":
      write(sink, "db.query.text", value, tags);
      break;
    case "db.instance":
      write(sink, "db.namespace", value, tags);
      break;
    case "peer.hostname":
      writePeer(sink, value, kind, tags);
      break;
    case "peer.ipv4":
      write(sink, "network.peer.address", value, tags);
      break;
    case "peer.ipv6":
      if (tagOf(tags, "peer.ipv4") === undefined) write(sink, "network.peer.address", value, tags);
      break;
    case "peer.port":
      write(sink, "network.peer.port", integer(value), tags);
      break;
    default:
      sink.attribute(name, value);
  }
}

/**
 * The outcome: the status that was set by OpenTelemetry's API, else what the tags tell, unless that API started the span.
 */
export function outcomeOf(span: Ended, kind: SpanKind): Outcome {
  const { status, scope } = span;
  if (status === undefined) return scope === undefined ? toldOutcome(span, kind) : UNSET;
  if (status.code === 1) return OK;
  if (scope !== undefined) return { code: 2, message: status.message || firstError(span).message, errorType: "" };
  const told = toldOutcome(span, kind);
  return { code: 2, message: status.message || told.message, errorType: told.errorType };
}

/**
 * The outcome, from the tag `error` and the first error that was logged; without that tag, a client's status of 400 and
 * above and a server's of 500 and above are errors too, as OpenTelemetry's conventions for HTTP spans have it ("Status"). `error.type` is, in this order,
 * what a tag says, the log's `error.kind`, the error's code or class, the HTTP status, `_OTHER`.
 */
function toldOutcome(span: Ended, kind: SpanKind): Outcome {
  const error = tagOf(span.tags, ERROR);
  if (error === undefined) return kind === CLIENT || kind === SERVER ? statusOutcome(span, kind) : UNSET;
  if (error === false || error === "false") return OK;
  if (error === null || error === "" || error === 0) return UNSET;

  const facts = firstError(span);
  const message = facts.message === "" && typeof error === "string" && error !== "true" ? error : facts.message;
  return { code: 2, message, errorType: facts.kind || failedStatus(span, kind) || "_OTHER" };
}

function statusOutcome(span: Ended, kind: SpanKind): Outcome {
  const errorType = failedStatus(span, kind);
  return errorType === "" ? UNSET : { code: 2, message: "", errorType };
}

/** The HTTP status, where that is a failure: from 400 on of a client, from 500 on of others; "" otherwise. */
function failedStatus(span: Ended, kind: SpanKind): string {
  const tag = tagOf(span.tags, HTTP_STATUS_CODE);
  const status = typeof tag === "number" || typeof tag === "string" ? Number(tag) : 0;
  return status >= (kind === CLIENT ? 400 : 500) ? String(status) : "";
}

/** Writes what the outcome adds to the attributes: `error.type`. */
export function writeOutcome(sink: AttributeSink, outcome: Outcome, tags: FlatTags): void {
  if (outcome.errorType === "" || tagOf(tags, "error.kind") !== undefined) return;
  write(sink, "error.type", outcome.errorType, tags);
}

/** The name of the event that a log entry becomes: its own, else its `event` field, `exception` for errors, `log` without any. */
export function eventName(entry: Event): string {
  if (entry.name !== undefined) return entry.name;
  const name = entry.fields["event"];
  if (name === "error") return "exception";
  return typeof name === "string" && name !== "" ? name : "log";
}

/** Writes a log entry's other fields; those of an error under the names of an `exception` event. */
export function writeEvent(sink: AttributeSink, entry: Event): void {
  const { fields } = entry;
  if (entry.name !== undefined) {
    for (const name in fields) sink.attribute(name, fields[name]);
    return;
  }
  const facts = fields["event"] === "error" ? errorFacts(fields) : undefined;
  if (facts !== undefined) {
    if (facts.type !== "") sink.attribute("exception.type", facts.type);
    if (facts.message !== "") sink.attribute("exception.message", facts.message);
    if (facts.stack !== "") sink.attribute("exception.stacktrace", facts.stack);
  }
  for (const name in fields) {
    const told = facts === undefined ? name === "event" && typeof fields[name] === "string" : ERROR_FIELDS.has(name);
    if (!told) sink.attribute(EVENT_ATTRIBUTES.get(name) ?? name, fields[name]);
  }
}

/** What the log of a redirect or retry says, under its stable name. */
const EVENT_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  [HTTP_URL, "url.full"],
  [HTTP_STATUS_CODE, "http.response.status_code"],
  [HTTP_RESEND_COUNT, "http.request.resend_count"],
]);

const ERROR_FIELDS: ReadonlySet<string> = new Set(["event", "error.object", "error.kind", "message", "stack"]);

function firstError(span: Ended): ReturnType<typeof errorFacts> {
  for (const { name, fields } of span.logs) {
    if (name === undefined && fields["event"] === "error") return errorFacts(fields);
  }
  return NO_FACTS;
}

function write(sink: AttributeSink, name: string, value: unknown, tags: FlatTags): void {
  if (tagOf(tags, name) === undefined) sink.attribute(name, value);
}

/** A whole number that was written as text, as the number; anything else as it is. */
function integer(value: unknown): unknown {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return Number.isInteger(number) ? number : value;
}

function writeMethod(sink: AttributeSink, value: unknown, tags: FlatTags): void {
  if (KNOWN_METHODS.has(value)) {
    write(sink, "http.request.method", value, tags);
  } else {
    write(sink, "http.request.method", "_OTHER", tags);
    write(sink, "http.request.method_original", value, tags);
  }
}

function writeUrl(sink: AttributeSink, value: unknown, kind: SpanKind, tags: FlatTags): void {
  const url = valueText(value);
  if (isTunnel(url, tags)) {
    if (tagOf(tags, HTTP_HOST) === undefined) writeAddress(sink, hostAndPort(url), tags);
    return;
  }
  const origin = kind === SERVER ? undefined : originParts(url);
  if (origin !== undefined) {
    write(sink, "url.full", url, tags);
    writeAddress(sink, origin, tags);
    return;
  }
  const parts = urlParts(url);
  if (parts.path !== "") write(sink, "url.path", parts.path, tags);
  if (parts.query !== "") write(sink, "url.query", parts.query, tags);
  if (parts.scheme === "") return;
  if (tagOf(tags, HTTP_SCHEME) === undefined) write(sink, "url.scheme", parts.scheme, tags);
  if (tagOf(tags, HTTP_HOST) === undefined) writeAddress(sink, parts, tags);
}

/** Whether this is the target of a CONNECT: host and port, no path (RFC 9112, section 3.2.3). */
function isTunnel(url: string, tags: FlatTags): boolean {
  return !url.startsWith("/") && tagOf(tags, HTTP_METHOD) === "CONNECT" && urlParts(url).scheme === "";
}

/** The other side: a server's client, a client's server. */
function writePeer(sink: AttributeSink, value: unknown, kind: SpanKind, tags: FlatTags): void {
  if (kind === SERVER || kind === CONSUMER) write(sink, "client.address", value, tags);
  else if (!hasAddress(tags)) write(sink, "server.address", value, tags);
}

/** Whether another tag tells a server's address. */
function hasAddress(tags: FlatTags): boolean {
  if (tagOf(tags, HTTP_HOST) !== undefined || hasAbsoluteUrl(tags)) return true;
  const url = tagOf(tags, HTTP_URL);
  return url !== undefined && isTunnel(valueText(url), tags);
}

function hasAbsoluteUrl(tags: FlatTags): boolean {
  const url = tagOf(tags, HTTP_URL);
  return url !== undefined && urlParts(valueText(url)).host !== "";
}

function writeAddress(
  sink: AttributeSink,
  { host, port }: { readonly host: string; readonly port: number },
  tags: FlatTags,
): void {
  if (host !== "") write(sink, "server.address", host, tags);
  if (port !== 0) write(sink, "server.port", port, tags);
}
