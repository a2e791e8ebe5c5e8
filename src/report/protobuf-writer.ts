// Protocol Buffers' wire format, as far as OTLP needs it: https://protobuf.dev/programming-guides/encoding/

import type { ByteBuffer } from "./byte-buffer.ts";
import { flatName } from "./flat-text.ts";

// `writeText`, `writeShortText`, `writeShortNumber` and `endMessage` reserve their own room; before the others the caller must: 10 bytes at most.

/** A field's key: its number, and the wire type of what follows. Field numbers up to 15 take one byte. */
export function fieldKey(field: number, wireType: 0 | 1 | 2 | 5): number {
  return (field << 3) | wireType;
}

/** Appends one byte, or a whole number up to 127. */
export function writeByte(to: ByteBuffer, byte: number): void {
  to.bytes[to.length++] = byte;
}

/** Appends a whole number from 0 to 2^32 - 1. */
export function writeVarint(to: ByteBuffer, value: number): void {
  const { bytes } = to;
  let rest = value;
  while (rest > 0x7f) {
    bytes[to.length++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to.length++] = rest;
}

/** Appends a 64-bit number, given as its two unsigned halves. Negative ones are two's complement and take 10 bytes. */
export function writeVarint64(to: ByteBuffer, high: number, low: number): void {
  const { bytes } = to;
  let [upper, lower] = [high >>> 0, low >>> 0];
  while (upper > 0 || lower > 0x7f) {
    bytes[to.length++] = (lower & 0x7f) | 0x80;
    lower = ((lower >>> 7) | (upper << 25)) >>> 0;
    upper >>>= 7;
  }
  bytes[to.length++] = lower;
}

/** Appends 32 bits, least significant byte first: `fixed32`. */
export function writeFixed32(to: ByteBuffer, word: number): void {
  to.view.setUint32(to.length, word, true);
  to.length += 4;
}

/** Appends 32 bits, most significant byte first: a quarter of a trace id. */
export function writeWord(to: ByteBuffer, word: number): void {
  to.view.setUint32(to.length, word);
  to.length += 4;
}

/** Appends a `double`. */
export function writeDouble(to: ByteBuffer, value: number): void {
  to.view.setFloat64(to.length, value, true);
  to.length += 8;
}

/** Appends a text with its length before it. Lone surrogates become U+FFFD, for protobuf wants valid UTF-8. */
export function writeText(to: ByteBuffer, text: string): void {
  const { length } = text;
  to.reserveText(text, 5);
  if (length < 64 && writeAscii(to, text)) return;
  const start = beginMessage(to);
  to.length += to.bytes.write(text, to.length);
  endMessage(to, start);
}

/**
 * Appends a KeyValue (key 1, value 2) whose AnyValue is a text (string_value 1), where both texts are short and ASCII: nine
 * of ten attributes. All lengths are known beforehand then, and each takes one byte. Twice as quick as the general way.
 * @returns false, having appended nothing, where they are not
 */
export function writeShortText(to: ByteBuffer, key: number, name: string, value: string): boolean {
  const field = nameFields.get(name) ?? nameField(name);
  const valueLength = value.length;
  if (field === undefined || field.length + valueLength > 0x7f - 4) return false;
  to.reserve(0x7f + 2);
  const { bytes } = to;
  const start = to.length;
  const second = start + 2 + field.length;
  const end = putAscii(bytes, second + 4, value);
  if (end < 0) return false;
  putName(bytes, start, key, field, valueLength + 2);
  bytes[second + 2] = fieldKey(1, 2);
  bytes[second + 3] = valueLength;
  to.length = end;
  return true;
}

/** The same for whole numbers from 0 to 2^28 - 1 (int_value 3). */
export function writeShortNumber(to: ByteBuffer, key: number, name: string, value: number): boolean {
  const field = nameFields.get(name) ?? nameField(name);
  if (field === undefined || field.length > 0x7f - 7 || value !== (value & 0xfffffff)) return false;
  const size = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
  to.reserve(0x7f + 2);
  putName(to.bytes, to.length, key, field, size + 1);
  to.length += field.length + 4;
  writeByte(to, fieldKey(3, 0));
  writeVarint(to, value);
  return true;
}

/** Puts a KeyValue's own key and length, its name, and the key and length of a value of `size` bytes: 4 bytes and the name's. */
function putName(bytes: Buffer, at: number, key: number, field: Uint8Array, size: number): void {
  bytes[at] = key;
  bytes[at + 1] = field.length + size + 2;
  for (let i = 0; i < field.length; i++) bytes[at + 2 + i] = field[i]!;
  bytes[at + 2 + field.length] = fieldKey(2, 2);
  bytes[at + 3 + field.length] = size;
}

/** KeyValue.key of the names that came so far: bytes are copied faster than characters are read. A service has some dozens. */
const nameFields = new Map<string, Uint8Array>();
const MAX_NAMES = 1000;

/** Undefined for a name that is long or not ASCII. */
function nameField(name: string): Uint8Array | undefined {
  const bytes = Buffer.from(name);
  if (bytes.length > 0x7f || bytes.length !== name.length) return undefined;
  if (nameFields.size >= MAX_NAMES) nameFields.clear();
  const field = Uint8Array.of(fieldKey(1, 2), bytes.length, ...bytes);
  nameFields.set(flatName(name), field);
  return field;
}

/** Puts text at a place; answers where it ends, -1 where it is not ASCII. */
function putAscii(bytes: Buffer, at: number, text: string): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return -1;
    bytes[at + i] = code;
  }
  return at + length;
}

/** Begins a message (or text) of yet unknown length: keeps room for it, of one byte where no other is expected. Answers what `endMessage` needs. */
export function beginMessage(to: ByteBuffer, room: 1 | 2 = 1): number {
  to.length += room;
  return to.length;
}

/** Writes a message's length before it, and moves the message where the length needs another room than it has. Answers how many bytes it took. */
export function endMessage(to: ByteBuffer, start: number, room: 1 | 2 = 1): number {
  const size = to.length - start;
  const needed = lengthSize(size);
  if (needed !== room) moveMessage(to, start, needed - room);
  to.length = start - room;
  writeVarint(to, size);
  to.length += size;
  return needed;
}

/** Bytes of a length as a varint. */
function lengthSize(size: number): 1 | 2 | 3 | 4 {
  return size < 1 << 7 ? 1 : size < 1 << 14 ? 2 : size < 1 << 21 ? 3 : 4;
}

function moveMessage(to: ByteBuffer, start: number, by: number): void {
  to.reserve(by);
  to.bytes.copyWithin(start + by, start, to.length);
  to.length += by;
}

/** Short text is nearly always ASCII, and a loop beats the call into native code by far. */
function writeAscii(to: ByteBuffer, text: string): boolean {
  const start = to.length + 1;
  const end = putAscii(to.bytes, start, text);
  if (end < 0) return false;
  to.bytes[start - 1] = text.length;
  to.length = end;
  return true;
}
