// Times as exporters want them: whole nanoseconds since 1970, which do not fit a JavaScript number.

import type { ByteBuffer } from "./byte-buffer.ts";
import { writeFixed32 } from "./protobuf-writer.ts";

/** The first millisecond whose nanoseconds need more than 63 bits: in the year 2262. Many back ends have signed times. */
const END_OF_TIME = 9_223_372_036_854;

/** Appends a time in milliseconds as `fixed64` nanoseconds, exact to the nanosecond. What is no time becomes 0. */
export function writeNanoseconds(to: ByteBuffer, milliseconds: number): void {
  const valid = isTime(milliseconds) ? milliseconds : 0;
  const whole = Math.floor(valid);
  const fraction = Math.round((valid - whole) * 1e6);
  // 10^6 * whole needs 61 bits: each half of `whole` is multiplied on its own, and both products stay below 2^53. No `%`, which takes
  // ten times as long as a multiplication.
  const half = Math.floor(whole / 0x100000);
  const upper = half * 1e6; // in units of 2^20 ns
  const high = Math.floor(upper / 0x1000);
  const lower = (whole - half * 0x100000) * 1e6 + fraction + (upper - high * 0x1000) * 0x100000;
  writeFixed32(to, lower); // its lowest 32 bits
  writeFixed32(to, high + Math.floor(lower / 0x100000000));
}

/** A time in milliseconds as a decimal number of nanoseconds. What is no time becomes "0". */
export function nanosecondsText(milliseconds: number): string {
  if (!isTime(milliseconds)) return "0";
  const whole = Math.floor(milliseconds);
  const fraction = Math.round((milliseconds - whole) * 1e6);
  if (fraction === 1e6) return `${whole + 1}000000`;
  // The digits of both, side by side: numbers cannot hold them, and BigInt takes ten times as long.
  return whole === 0 ? String(fraction) : `${whole}${String(fraction).padStart(6, "0")}`;
}

/** Whether milliseconds since 1970 are a time that back ends take. */
export function isTime(milliseconds: number): boolean {
  return milliseconds >= 0 && milliseconds < END_OF_TIME;
}
