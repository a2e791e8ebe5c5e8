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
import type { ByteBuffer } from "./byte-buffer.ts";
import { flatName, flatText } from "./flat-text.ts";
import { type AttributeSink, SERVER, type SpanKind, writeTag } from "./semantic-conventions.ts";

/** Encodes a name, a kind and tags that do not need each other to be understood. */
export type EncodeCommon = (name: string, kind: SpanKind, tags: FlatTags) => Uint8Array;

/** Names of spans that are remembered. A service has some hundreds; beyond these, all are forgotten. */
const MAX_NAMES = 500;
/** Lists of tags by name. */
const MAX_LISTS = 4;
/** Tags of a list. */
const MAX_TAGS = 32;
/** Characters of a name, or of a text that is worth being kept. */
const MAX_TEXT = 100;
/** Values of a tag. */
const MAX_VALUES = 8;
/** Tags of a list whose values are kept. */
const MAX_KEEPING = 4;
/** After how many spans that do not fit a template is made anew, or for another list. */
const PATIENCE = 8;

const SLASH = 0x2f;

/** In place of a value that each span encodes for itself. */
const DIFFERS: unique symbol = Symbol("differs");
const NONE: ReadonlySet<number> = new Set();
const NO_TAGS: FlatTags = [];

/**
 * The spans of one name that have the same tags in the same order, such as the requests of a route: their name, kind and those tags
 * whose values are the same each time.
 */
export interface SpanTemplate {
  /** Name, kind and attributes, as they stand in a span. */
  readonly common: Uint8Array;
  /** The other tags. Each is understood without the others. */
  readonly differing: readonly DifferingTag[];
  /** Bytes that the length of the last span took, for protobuf: the next is likely to be as long. */
  room: 1 | 2;
}

/**
 * A tag whose value is not the same in all spans of a template. What its first few values become is kept: a status or a flag has no
 * more, and a path that has an id in it is soon known not to be worth it.
 */
export class DifferingTag {
  /** Where its name is, in the flat list; its value comes next. */
  readonly at: number;
  /** By value. Undefined where none are kept. */
  #encoded: Map<unknown, Uint8Array> | undefined;

  constructor(at: number, keepsValues: boolean) {
    this.at = at;
    if (keepsValues) this.#encoded = new Map();
  }

  /** What a value becomes, where that is kept. */
  encodingOf(value: unknown): Uint8Array | undefined {
    return this.#encoded?.get(value);
  }

  /** Says what a value became: all that was written from `start` on. */
  keep(value: unknown, written: ByteBuffer, start: number): void {
    if (this.#encoded === undefined) return;
    if (this.#encoded.size >= MAX_VALUES || !isKept(value)) this.#encoded = undefined;
    else this.#encoded.set(typeof value === "string" ? flatText(value) : value, written.copyFrom(start));
  }
}

/** Appends those of a span's tags that its template does not have; `sink` writes to the same buffer. */
export function writeDiffering(
  { differing }: SpanTemplate,
  tags: FlatTags,
  kind: SpanKind,
  sink: AttributeSink,
  to: ByteBuffer,
): void {
  for (let i = 0; i < differing.length; i++) {
    const tag = differing[i]!;
    const value = tags[tag.at + 1];
    const known = tag.encodingOf(value);
    if (known === undefined) {
      const from = to.length;
      writeTag(sink, tags[tag.at] as string, value, kind, NO_TAGS);
      tag.keep(value, to, from);
    } else {
      to.append(known);
    }
  }
}

/** What is known of one name. */
interface Known {
  readonly templates: Template[];
  /** Spans whose tags are of none of as many lists as are remembered. */
  misses: number;
  /** Which of the templates makes room next. */
  oldest: number;
}

/** Finds a span's template, and makes those that are worth it. Holds less than a hundred megabytes at the very most, a few hundred kilobytes as a rule. */
export class SpanTemplates {
  readonly #encode: EncodeCommon;
  readonly #byName = new Map<string, Known>();

  constructor(encode: EncodeCommon) {
    this.#encode = encode;
  }

  /** The template of a span with these tags. Without one the span is to be encoded as a whole. */
  find(name: string, kind: SpanKind, tags: FlatTags): SpanTemplate | undefined {
    if (name.length > MAX_TEXT || tags.length > 2 * MAX_TAGS) return undefined;
    const known = this.#byName.get(name);
    if (known === undefined) {
      if (this.#byName.size >= MAX_NAMES) this.#byName.clear();
      // A name that comes once is not worth a template.
      this.#byName.set(flatText(name), { templates: [], misses: 0, oldest: 0 });
      return undefined;
    }
    const { templates } = known;
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i]!;
      if (!template.hasNames(kind, tags)) continue;
      if (!template.isIndependent || !template.hasPlainUrl(tags)) return undefined;
      if (template.hasValues(tags)) return template;
      if (++template.strangers > PATIENCE) {
        templates[i] = new Template(name, kind, tags, template.differingFrom(tags), this.#encode);
      }
      return undefined;
    }
    this.#learn(known, name, kind, tags);
    return undefined;
  }

  #learn(known: Known, name: string, kind: SpanKind, tags: FlatTags): void {
    const { templates } = known;
    const isFull = templates.length >= MAX_LISTS;
    if ((isFull && ++known.misses <= PATIENCE) || !haveShortNames(tags)) return;
    const template = new Template(name, kind, tags, NONE, this.#encode);
    if (isFull) {
      known.misses = 0;
      templates[known.oldest] = template;
      known.oldest = (known.oldest + 1) % MAX_LISTS;
    } else {
      templates.push(template);
    }
  }
}

/** A list of tags, with what to do about each. */
class Template implements SpanTemplate {
  readonly common: Uint8Array;
  readonly differing: readonly DifferingTag[];
  /** Whether each tag is understood without the others. There is no template otherwise, and this remembers it. */
  readonly isIndependent: boolean;
  room: 1 | 2 = 2;
  /** Spans with these tags that had other values. */
  strangers = 0;
  readonly #kind: SpanKind;
  readonly #tags: unknown[];
  /** Where the values are; 0 without the tag. */
  readonly #urlAt: number;
  readonly #methodAt: number;

  constructor(name: string, kind: SpanKind, tags: FlatTags, mayDiffer: ReadonlySet<number>, encode: EncodeCommon) {
    this.isIndependent = areIndependent(kind, tags);
    this.#kind = kind;
    this.#tags = [];
    this.#urlAt = valueAt(tags, HTTP_URL);
    this.#methodAt = valueAt(tags, HTTP_METHOD);
    const common: unknown[] = [];
    const differing: DifferingTag[] = [];
    for (let i = 0; i < tags.length; i += 2) {
      const [tag, value] = [flatName(tags[i] as string), tags[i + 1]];
      const differs = mayDiffer.has(i) || !isKept(value);
      const kept = differs ? DIFFERS : typeof value === "string" ? flatText(value) : value;
      if (differs) differing.push(new DifferingTag(i, differing.length < MAX_KEEPING));
      else common.push(tag, kept);
      this.#tags.push(tag, kept);
    }
    this.differing = differing;
    this.common = this.isIndependent ? encode(name, kind, common) : new Uint8Array();
  }

  hasNames(kind: SpanKind, tags: FlatTags): boolean {
    const own = this.#tags;
    if (this.#kind !== kind || own.length !== tags.length) return false;
    for (let i = 0; i < own.length; i += 2) if (own[i] !== tags[i]) return false;
    return true;
  }

  hasValues(tags: FlatTags): boolean {
    const own = this.#tags;
    for (let i = 1; i < own.length; i += 2) if (own[i] !== tags[i] && own[i] !== DIFFERS) return false;
    return true;
  }

  /**
   * Whether the URL, where there is one, is understood without the other tags: a server's must be a path, a client's not that of a
   * CONNECT.
   */
  hasPlainUrl(tags: FlatTags): boolean {
    if (this.#urlAt === 0) return true;
    if (this.#kind !== SERVER) return this.#methodAt === 0 || tags[this.#methodAt] !== "CONNECT";
    const url = tags[this.#urlAt];
    return typeof url === "string" && url.charCodeAt(0) === SLASH;
  }

  /** Where the tags are that each span encodes for itself already, and those whose values are others in these. */
  differingFrom(tags: FlatTags): ReadonlySet<number> {
    const result = new Set<number>();
    for (let i = 0; i < tags.length; i += 2) if (this.#tags[i + 1] !== tags[i + 1]) result.add(i);
    return result;
  }
}

/** Where a tag's value is in a flat list; 0 where there is none. */
function valueAt(tags: FlatTags, name: string): number {
  for (let i = 0; i < tags.length; i += 2) if (tags[i] === name) return i + 1;
  return 0;
}

function haveShortNames(tags: FlatTags): boolean {
  for (let i = 0; i < tags.length; i += 2) {
    const name = tags[i]; // of no other kind, unless by JavaScript
    if (typeof name !== "string" || name.length > MAX_TEXT) return false;
  }
  return true;
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
      return value === null;
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
