// 64-bit ids as decimal numbers, which is how Datadog's headers have them, without BigInt.

/** 2^32 */
const WORD = 0x1_0000_0000;
/** The most by which a word can be multiplied, and another added, in a safe integer, as a power of ten; and its digits. */
const MILLION = 1_000_000;
const DIGITS = 6;
/** 18446744073709551615 is the greatest. */
const MAX_LENGTH = 20;

const ZERO = 0x30;

/** A number of 64 bits, read into two signed words. One object can be used again and again. */
export class Decimal {
  high = 0;
  low = 0;

  /** Reads a whole number; answers false, and leaves the words alone, for what is none of 64 bits or has a sign or more than 20 digits. */
  read(text: string): boolean {
    if (text === "" || text.length > MAX_LENGTH) return false;
    const split = Math.max(0, text.length - DIGITS);
    const front = wholeNumber(text, 0, split);
    const back = wholeNumber(text, split, text.length);
    if (Number.isNaN(front + back)) return false;

    const low = (front % WORD) * MILLION + back;
    const high = Math.floor(front / WORD) * MILLION + Math.floor(low / WORD);
    if (high >= WORD) return false;
    this.high = high | 0;
    this.low = (low % WORD) | 0;
    return true;
  }
}

/** Two words as one decimal number. */
export function decimalText(high: number, low: number): string {
  const upper = high >>> 0;
  const rest = (upper % MILLION) * WORD + (low >>> 0);
  const front = Math.floor(upper / MILLION) * WORD + Math.floor(rest / MILLION);
  const back = String(rest % MILLION);
  return front === 0 ? back : String(front) + back.padStart(DIGITS, "0");
}

/** NaN where a character is no digit. At most 15 digits, or the number is not exact. */
function wholeNumber(text: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
