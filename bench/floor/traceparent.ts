// The floor's propagation: traceparent alone, read and written.

import type { FloorContext } from "./span.ts";

/** The value of each hexadecimal digit by its character, 255 for others. */
const DIGITS = new Uint8Array(256).fill(255);
for (let i = 0; i < 10; i++) DIGITS[48 + i] = i;
for (let i = 0; i < 6; i++) DIGITS[97 + i] = 10 + i;
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function extract(header: string | string[] | undefined): FloorContext | null {
  if (typeof header !== "string" || header.length !== 55) return null;
  if (header.charCodeAt(2) !== 45 || header.charCodeAt(35) !== 45 || header.charCodeAt(52) !== 45) return null;
  let bad = 0;
  for (let i = 3; i < 35; i++) bad |= DIGITS[header.charCodeAt(i)]!;
  for (let i = 36; i < 52; i++) bad |= DIGITS[header.charCodeAt(i)]!;
  if (bad & 0xf0) return null;
  return {
    t0: word(header, 3),
    t1: word(header, 11),
    t2: word(header, 19),
    t3: word(header, 27),
    s0: word(header, 36),
    s1: word(header, 44),
  };
}

export function inject({ t0, t1, t2, t3, s0, s1 }: FloorContext): string {
  return `00-${hex(t0)}${hex(t1)}${hex(t2)}${hex(t3)}-${hex(s0)}${hex(s1)}-01`;
}

function word(text: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) value = (value << 4) | DIGITS[text.charCodeAt(i)]!;
  return value;
}

function hex(value: number): string {
  return BYTES[value >>> 24]! + BYTES[(value >>> 16) & 255]! + BYTES[(value >>> 8) & 255]! + BYTES[value & 255]!;
}
