// Ids as hexadecimal digits in headers: read as 32-bit words, and written into a text.

/** What each digit stands for, by character code; 255 for what is no lower-case hexadecimal digit. */
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code));
  return value < 0 ? 0xff : value;
});
/** The same with upper-case digits. */
const VALUES_OF_ANY_CASE = VALUES.map((value, code) => (code >= 0x41 && code <= 0x46 ? code - 0x41 + 10 : value));
/** The two digits of each byte, one after the other. */
const PAIRS = Uint8Array.from({ length: 512 }, (_, i) =>
  (i >> 1)
    .toString(16)
    .padStart(2, "0")
    .charCodeAt(i & 1),
);

/** Whether `length` characters from `start` on are all there, and lower-case hexadecimal digits. */
export function isHex(text: string, start: number, length: number): boolean {
  const end = start + length;
  if (end > text.length) return false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code > 127 || VALUES[code] === 0xff) return false;
  }
  return true;
}

/** What the digit at `at` stands for; for text that `isHex` has passed. */
export function digitAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)]!;
}

/** Eight lower-case hexadecimal digits from `at` on as a signed word; NaN where one is missing or none. */
export function readWord(text: string, at: number): number {
  let word = 0;
  let seen = 0;
  for (let i = at; i < at + 8; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? VALUES[code]! : 0xff;
    seen |= value;
    word = (word << 4) | value;
  }
  return seen > 15 ? Number.NaN : word;
}

/**
 * The last eight hexadecimal digits before `end`, of either case, as a signed word: as many as there are, so 0 where `end`
 * is 0 or less; NaN where one is none.
 */
export function readDigits(text: string, end: number): number {
  let word = 0;
  let seen = 0;
  for (let i = Math.max(0, end - 8); i < end; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? VALUES_OF_ANY_CASE[code]! : 0xff;
    seen |= value;
    word = (word << 4) | value;
  }
  return seen > 15 ? Number.NaN : word;
}

/** A text of fixed length whose digits are filled in again and again. Faster than adding strings up: see RATIONALE. */
export class HexTemplate {
  readonly #bytes: Uint8Array;
  /** The same memory where there is Node's Buffer, which makes text of it sooner. */
  readonly #buffer: Buffer | undefined;

  /** @param text the text with any digits in place; Latin-1 only */
  constructor(text: string) {
    this.#buffer = typeof Buffer === "undefined" ? undefined : Buffer.from(text, "latin1");
    this.#bytes = this.#buffer ?? Uint8Array.from(text, (character) => character.charCodeAt(0));
  }

  /** Writes a word as eight digits. */
  setWord(at: number, word: number): this {
    this.#setByte(at, word >>> 24);
    this.#setByte(at + 2, (word >>> 16) & 0xff);
    this.#setByte(at + 4, (word >>> 8) & 0xff);
    this.#setByte(at + 6, word & 0xff);
    return this;
  }

  /** Writes a byte as two digits. */
  setByte(at: number, byte: number): this {
    this.#setByte(at, byte);
    return this;
  }

  toString(): string {
    return this.#buffer?.toString("latin1") ?? String.fromCharCode.apply(null, this.#bytes as unknown as number[]);
  }

  #setByte(at: number, byte: number): void {
    this.#bytes[at] = PAIRS[2 * byte]!;
    this.#bytes[at + 1] = PAIRS[2 * byte + 1]!;
  }
}
