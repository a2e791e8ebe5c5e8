// The character classes that header grammars are written in, and walking over them.

/** Optional white space: space and tab, and nothing else (RFC 9110, section 5.6.3). */
export const BLANK = 1;
/** What a token is made of (RFC 9110, section 5.6.2). */
export const TOKEN = 2;
/** What a baggage value is made of (W3C Baggage, section 3.3.1, `baggage-octet`). */
export const BAGGAGE_OCTET = 4;
/** What a tracestate key is made of (W3C Trace Context Level 2, section 3.3.1.3.1, `keychar`). */
export const STATE_KEY = 8;
/** What a tracestate value is made of, its last character being no space (same place, `chr`). */
export const STATE_VALUE = 16;

const COMMA = 0x2c;
const CLASSES = classesOfAscii();

/** The index of the first character from `start` on that is not of these classes: the text's length if all are. */
export function skip(text: string, start: number, classes: number): number {
  let at = start;
  while (at < text.length && isOf(text, at, classes)) at++;
  return at;
}

/** Whether all of `text` is of these classes. */
export function consistsOf(text: string, classes: number): boolean {
  return skip(text, 0, classes) === text.length;
}

/** Whether a list member ends at `at`: at a comma, or where the text does. */
export function isMemberEnd(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === COMMA;
}

/** `text` without spaces and tabs around it; unlike `trim()` it leaves every other kind of white space. */
export function trimBlanks(text: string): string {
  const start = skip(text, 0, BLANK);
  let end = text.length;
  while (end > start && isOf(text, end - 1, BLANK)) end--;
  return text.slice(start, end);
}

function isOf(text: string, at: number, classes: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 && (CLASSES[code]! & classes) !== 0;
}

function classesOfAscii(): Uint8Array {
  // Values have all that is printable, but for what ends or quotes them.
  const classes = new Uint8Array(128).fill(BAGGAGE_OCTET | STATE_VALUE, 0x20, 0x7f);
  const mark = (characters: string, bit: number): void => {
    for (const character of characters) classes[character.charCodeAt(0)]! |= bit;
  };
  const unmark = (characters: string, bit: number): void => {
    for (const character of characters) classes[character.charCodeAt(0)]! &= ~bit;
  };
  const lower = "abcdefghijklmnopqrstuvwxyz";
  const digits = "0123456789";

  mark(" \t", BLANK);
  mark(`!#$%&'*+-.^_\`|~${digits}${lower}${lower.toUpperCase()}`, TOKEN);
  unmark(' ",;\\', BAGGAGE_OCTET);
  mark(`${lower}${digits}_-*/@`, STATE_KEY);
  unmark(",=", STATE_VALUE);
  return classes;
}
