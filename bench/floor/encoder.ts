// The floor's encoder: a span as OTLP protobuf straight into one buffer, of which each batch is a copy.

import type { FloorSpan } from "./span.ts";

const SIZE = 1 << 20;
/** Room that any span of the benchmark has enough of. */
const RESERVE = 8192;
const BATCH = 512;

const buffer = Buffer.allocUnsafeSlow(SIZE);
let at = 0;
let spans = 0;
const originHigh = Number((BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n) >> 32n);
const originLow = Number((BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n) & 0xffffffffn);

let send: (body: Buffer) => void = () => {};

/** What takes the bodies of full batches. */
export function sendWith(sender: (body: Buffer) => void): void {
  send = sender;
}

/** Sends what there is. */
export function flush(): void {
  if (spans > 0) send(take());
}

/** ScopeSpans.spans 2; the fields of Span as trace.proto numbers them. */
export function encode(span: FloorSpan, end: number): void {
  if (at > SIZE - RESERVE) flush();
  byte(0x12);
  const start = at;
  at += 2;
  byte(0x0a);
  byte(16);
  word(span.t0);
  word(span.t1);
  word(span.t2);
  word(span.t3);
  byte(0x12);
  byte(8);
  word(span.s0);
  word(span.s1);
  if ((span.p0 | span.p1) !== 0) {
    byte(0x22);
    byte(8);
    word(span.p0);
    word(span.p1);
  }
  byte(0x2a);
  text(span.name);
  byte(0x30);
  byte(span.kind);
  byte(0x39);
  time(span.start);
  byte(0x41);
  time(end);
  attributes(span);
  length(start);
  if (++spans >= BATCH) flush();
}

const METHOD = key("http.request.method");
const PATH = key("url.path");
const FULL = key("url.full");
const SCHEME = key("url.scheme");
const VERSION = key("network.protocol.version");
const STATUS = key("http.response.status_code");
const HOST = key("server.address");
const ROUTE = key("http.route");

function attributes(span: FloorSpan): void {
  if (span.url !== "") {
    textAttribute(METHOD, span.method);
    textAttribute(span.kind === 2 ? PATH : FULL, span.url);
    textAttribute(SCHEME, "http");
    textAttribute(VERSION, "1.1");
  }
  if (span.status !== 0) numberAttribute(STATUS, span.status);
  if (span.host !== "") textAttribute(HOST, span.host);
  if (span.route !== "") textAttribute(ROUTE, span.route);
  const { tags } = span;
  if (tags === null) return;
  for (let i = 0; i < tags.length; i += 2) {
    const name = keyOf(tags[i] as string);
    const value = tags[i + 1];
    if (typeof value === "string") textAttribute(name, value);
    else if (typeof value === "number") numberAttribute(name, value);
    else booleanAttribute(name, value === true);
  }
}

const keys = new Map<string, Uint8Array>();

function keyOf(name: string): Uint8Array {
  let bytes = keys.get(name);
  if (bytes === undefined) {
    bytes = key(name);
    keys.set(name, bytes);
  }
  return bytes;
}

/** KeyValue.key 1. */
function key(name: string): Uint8Array {
  return Uint8Array.from([0x0a, name.length, ...Buffer.from(name)]);
}

/** Span.attributes 9; KeyValue.value 2; AnyValue.string_value 1. */
function textAttribute(name: Uint8Array, value: string): void {
  byte(0x4a);
  const start = at;
  at += 2;
  copy(name);
  byte(0x12);
  const inner = at;
  at += 2;
  byte(0x0a);
  text(value);
  length(inner);
  length(start);
}

/** AnyValue.int_value 3. */
function numberAttribute(name: Uint8Array, value: number): void {
  byte(0x4a);
  const start = at++;
  copy(name);
  byte(0x12);
  const inner = at++;
  byte(0x18);
  let rest = value;
  while (rest > 127) {
    byte((rest & 127) | 128);
    rest >>>= 7;
  }
  byte(rest);
  buffer[inner] = at - inner - 1;
  buffer[start] = at - start - 1;
}

/** AnyValue.bool_value 2. */
function booleanAttribute(name: Uint8Array, value: boolean): void {
  byte(0x4a);
  const start = at++;
  copy(name);
  byte(0x12);
  byte(2);
  byte(0x10);
  byte(value ? 1 : 0);
  buffer[start] = at - start - 1;
}

function byte(value: number): void {
  buffer[at++] = value;
}

function copy(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) buffer[at + i] = bytes[i]!;
  at += bytes.length;
}

function word(value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  at += 4;
}

/** Nanoseconds since 1970 of a time of `performance.now()`, little-endian. */
function time(milliseconds: number): void {
  const sum = originLow + Math.round(milliseconds * 1e6);
  const low = sum >>> 0;
  const high = originHigh + Math.floor(sum / 2 ** 32);
  for (let shift = 0; shift < 32; shift += 8) buffer[at++] = low >>> shift;
  for (let shift = 0; shift < 32; shift += 8) buffer[at++] = high >>> shift;
}

/** Length and bytes of a text of less than 16 KiB. */
function text(value: string): void {
  const size = value.length;
  if (size < 64) {
    let i = 0;
    for (; i < size; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) break;
      buffer[at + 1 + i] = code;
    }
    if (i === size) {
      buffer[at] = size;
      at += size + 1;
      return;
    }
  }
  const start = at;
  at += 2 + buffer.write(value, at + 2);
  length(start);
}

/** Fills the two bytes kept free at `start` with the length of what came after them. */
function length(start: number): void {
  const size = at - start - 2;
  buffer[start] = (size & 127) | 128;
  buffer[start + 1] = size >> 7;
}

const RESOURCE = field(
  0x0a,
  field(0x0a, [...field(0x0a, bytes("service.name")), ...field(0x12, field(0x0a, bytes("bench")))]),
);
const SCOPE = field(0x0a, field(0x0a, bytes("floor")));

/** The batch as an ExportTraceServiceRequest. */
export function take(): Buffer {
  const scopeSpans = [0x12, ...varint(SCOPE.length + at), ...SCOPE];
  const head = [0x0a, ...varint(RESOURCE.length + scopeSpans.length + at), ...RESOURCE, ...scopeSpans];
  const body = Buffer.allocUnsafeSlow(head.length + at);
  body.set(head);
  buffer.copy(body, head.length, 0, at);
  at = 0;
  spans = 0;
  return body;
}

function field(tag: number, content: readonly number[]): number[] {
  return [tag, ...varint(content.length), ...content];
}

function bytes(value: string): number[] {
  return [...Buffer.from(value)];
}

function varint(value: number): number[] {
  const result: number[] = [];
  let rest = value;
  while (rest > 127) {
    result.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return [...result, rest];
}
