// What the spans of one name have in common: encoded once, copied into each of them afterwards.

import {
  type FlatTags,
  HTTP_HOST,
  HTTP_METHOD,
  HTTP_RESEND_COUNT,
  HTTP_SCHEME,
  HTTP_STATUS_CODE,
  HTTP_URL,
} from "../tags.ts";
import { SERVER, type SpanKind } from "./semantic-conventions.ts";

/** Encodes a name, a kind and tags that do not need each other to be understood. */
export type EncodeCommon = (name: string, kind: SpanKind, tags: FlatTags) => Uint8Array;

/** Names of spans that are remembered. A service has some hundreds; beyond these, all are forgotten. */
const MAX_NAMES = 500;
/** Lists of tags by name. */
const MAX_LISTS = 4;
/** Tags of a list. */
const MAX_TAGS = 32;
/** Characters of a text that is worth being kept. */
const MAX_TEXT = 100;
/** After how many spans that differ from it a template is made anew. */
const PATIENCE = 8;

const SLASH = 0x2f;

/** In place of a value that each span encodes for itself. */
const DIFFERS: unique symbol = Symbol("differs");

/**
 * The spans of one name that have the same tags in the same order, such as the requests of a route: their name, kind and those tags
 * whose values are the same each time.
 */
export interface SpanTemplate {
  /** Name, kind and attributes, as they stand in a span. */
  readonly common: Uint8Array;
  /** Where the names of the other tags are, in the flat list. Each is understood without the others. */
  readonly differing: readonly number[];
}

class Template implements SpanTemplate {
  readonly kind: SpanKind;
  readonly tags: unknown[];
  readonly common: Uint8Array;
  readonly differing: readonly number[];
  /** Spans with these tags that had other values. */
  strangers = 0;
  /** Where the values are; 0 without the tag. */
  readonly #urlAt: number;
  readonly #methodAt: number;

  constructor(name: string, kind: SpanKind, tags: FlatTags, mayDiffer: ReadonlySet<number>, encode: EncodeCommon) {
    this.kind = kind;
    this.tags = [...tags];
    const common: unknown[] = [];
    const differing: number[] = [];
    for (let i = 0; i < tags.length; i += 2) {
      if (mayDiffer.has(i) || !isKept(tags[i + 1])) {
        this.tags[i + 1] = DIFFERS;
        differing.push(i);
      } else {
        common.push(tags[i], tags[i + 1]);
      }
    }
    this.common = encode(name, kind, common);
    this.differing = differing;
    this.#urlAt = valueAt(tags, HTTP_URL);
    this.#methodAt = valueAt(tags, HTTP_METHOD);
  }

  hasNames(kind: SpanKind, tags: FlatTags): boolean {
    const own = this.tags;
    if (this.kind !== kind || own.length !== tags.length) return false;
    for (let i = 0; i < own.length; i += 2) if (own[i] !== tags[i]) return false;
    return true;
  }

  hasValues(tags: FlatTags): boolean {
    const own = this.tags;
    for (let i = 1; i < own.length; i += 2) if (own[i] !== tags[i] && own[i] !== DIFFERS) return false;
    return true;
  }

  /**
   * Whether the URL, where there is one, is understood without the other tags: a server's must be a path, a client's not that of a
   * CONNECT.
   */
  hasPlainUrl(tags: FlatTags): boolean {
    if (this.#urlAt === 0) return true;
    if (this.kind !== SERVER) return this.#methodAt === 0 || tags[this.#methodAt] !== "CONNECT";
    const url = tags[this.#urlAt];
    return typeof url === "string" && url.charCodeAt(0) === SLASH;
  }

  /** Where those tags are whose values have ever been others, these among them. */
  differingFrom(tags: FlatTags): ReadonlySet<number> {
    const result = new Set(this.differing);
    for (let i = 0; i < tags.length; i += 2) if (this.tags[i + 1] !== tags[i + 1]) result.add(i);
    return result;
  }
}

/** Where a tag's value is in a flat list; 0 where there is none. */
function valueAt(tags: FlatTags, name: string): number {
  for (let i = 0; i < tags.length; i += 2) if (tags[i] === name) return i + 1;
  return 0;
}

const NONE: ReadonlySet<number> = new Set();

/** Finds a span's template, and makes those that are worth it. */
export class SpanTemplates {
  readonly #encode: EncodeCommon;
  readonly #byName = new Map<string, Template[]>();

  constructor(encode: EncodeCommon) {
    this.#encode = encode;
  }

  /** The template of a span with these tags. Without one the span is to be encoded as a whole. */
  find(name: string, kind: SpanKind, tags: FlatTags): SpanTemplate | undefined {
    const templates = this.#byName.get(name);
    if (templates === undefined) {
      if (this.#byName.size >= MAX_NAMES) this.#byName.clear();
      this.#byName.set(name, []); // a name that comes once is not worth a template
      return undefined;
    }
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i]!;
      if (!template.hasNames(kind, tags)) continue;
      if (!template.hasPlainUrl(tags)) return undefined;
      if (template.hasValues(tags)) return template;
      if (++template.strangers > PATIENCE) {
        templates[i] = new Template(name, kind, tags, template.differingFrom(tags), this.#encode);
      }
      return undefined;
    }
    if (templates.length < MAX_LISTS && tags.length <= 2 * MAX_TAGS && areIndependent(kind, tags)) {
      templates.push(new Template(name, kind, tags, NONE, this.#encode));
    }
    return undefined;
  }
}

/** Not an object, whose content may be another the next time. */
function isKept(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.length <= MAX_TEXT;
    case "number":
    case "boolean":
    case "undefined":
      return true;
    default:
      return false;
  }
}

/** Whether none of these tags decides what becomes of another: each can be translated by itself then, if the URL is plain. */
function areIndependent(kind: SpanKind, tags: FlatTags): boolean {
  const names = new Set(tags.filter((_, i) => i % 2 === 0));
  if (kind !== SERVER && names.has(HTTP_URL) && (names.has(HTTP_HOST) || names.has(HTTP_SCHEME))) return false;
  for (const name of names) if (DECIDED_BY.get(name)?.some((other) => names.has(other))) return false;
  return true;
}

/** By tag, which others decide what `writeTag` makes of it. */
const DECIDED_BY: ReadonlyMap<unknown, readonly string[]> = new Map([
  [HTTP_METHOD, ["http.request.method", "http.request.method_original"]],
  [HTTP_URL, ["url.full", "url.path", "url.query", "url.scheme", "server.address", "server.port"]],
  [HTTP_STATUS_CODE, ["http.response.status_code"]],
  [HTTP_SCHEME, ["url.scheme"]],
  [HTTP_HOST, ["server.address", "server.port"]],
  [HTTP_RESEND_COUNT, ["http.request.resend_count"]],
  ["error.kind", ["error.type"]],
  ["db.statement", ["db.query.text"]],
  ["db.instance", ["db.namespace"]],
  ["peer.hostname", ["client.address", "server.address", HTTP_URL, HTTP_HOST]],
  ["peer.ipv4", ["network.peer.address"]],
  ["peer.ipv6", ["peer.ipv4", "network.peer.address"]],
  ["peer.port", ["network.peer.port"]],
]);
