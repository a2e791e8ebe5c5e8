// The tags of requests served by our hosts, which come in one order: what the encoder writes of them the quick way.

import {
  COMPONENT,
  type FlatTags,
  HTTP_HOST,
  HTTP_METHOD,
  HTTP_RESEND_COUNT,
  HTTP_SCHEME,
  HTTP_URL,
  SPAN_KIND,
} from "../tags.ts";
import { type AttributeSink, SERVER, type SpanKind, writeTag, writeTagsFrom } from "./semantic-conventions.ts";

/** What `isServed` finds first, in the order in which servers set it at a span's start; `http.url` behind `http.method`. */
const SERVED = [COMPONENT, SPAN_KIND, HTTP_METHOD, HTTP_URL, HTTP_SCHEME, HTTP_HOST] as const;
const NO_TAGS: FlatTags = [];
const SLASH = 0x2f;

/**
 * Whether these are the tags of a request served by one of our hosts, with nothing among them that says the same in other
 * words. Each is translated by itself then, which most spans of a service are spared the search for the others by: it takes
 * half of their encoding.
 */
export function isServed(tags: FlatTags, kind: SpanKind): boolean {
  if (kind !== SERVER || tags.length < 2 * SERVED.length) return false;
  for (let i = 0; i < SERVED.length; i++) {
    if (tags[2 * i] !== SERVED[i] || typeof tags[2 * i + 1] !== "string") return false;
  }
  if ((tags[7] as string).charCodeAt(0) !== SLASH) return false;
  for (let i = 2 * SERVED.length; i < tags.length; i += 2) {
    if (SAYING_THE_SAME.has(tags[i])) return false;
  }
  return true;
}

/** Tags that say what those of a served request say, or each other, in other words. */
const SAYING_THE_SAME: ReadonlySet<unknown> = new Set([
  ...SERVED,
  HTTP_RESEND_COUNT,
  "http.request.method",
  "http.request.method_original",
  "http.request.resend_count",
  "http.response.status_code",
  "url.full",
  "url.path",
  "url.query",
  "url.scheme",
  "server.address",
  "server.port",
  "client.address",
  "network.peer.address",
  "network.peer.port",
  "peer.hostname",
  "peer.ipv4",
  "peer.ipv6",
  "peer.port",
  "error.kind",
  "error.type",
  "db.statement",
  "db.query.text",
  "db.instance",
  "db.namespace",
]);

/** Writes what the requests of a service have in common, of tags that are `isServed`: component, scheme and host. */
export function writeCommonTags(sink: AttributeSink, tags: FlatTags): void {
  writeTag(sink, COMPONENT, tags[1], SERVER, NO_TAGS);
  writeTag(sink, HTTP_SCHEME, tags[9], SERVER, NO_TAGS);
  writeTag(sink, HTTP_HOST, tags[11], SERVER, NO_TAGS);
}

/** Whether two lists of tags that are `isServed` have the same in common. */
export function haveSameCommonTags(tags: FlatTags, others: FlatTags): boolean {
  return tags[1] === others[1] && tags[9] === others[9] && tags[11] === others[11];
}

/** Writes the others of tags that are `isServed`: method, URL, and what came to be known later. */
export function writeOwnTags(sink: AttributeSink, tags: FlatTags): void {
  writeTag(sink, HTTP_METHOD, tags[5], SERVER, NO_TAGS);
  writeTag(sink, HTTP_URL, tags[7], SERVER, NO_TAGS);
  writeTagsFrom(2 * SERVED.length, sink, tags, SERVER, NO_TAGS);
}
