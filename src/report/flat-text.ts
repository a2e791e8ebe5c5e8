// Text that is kept for long must not keep what it was cut out of.

/**
 * The same text by itself. V8 makes a slice of 13 characters or more a reference into the text that it is a part of, which it keeps alive whole:
 * a header's value the head of its request.
 */
export function flatText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "utf16le").toString("utf16le");
}

/**
 * The same for a tag's name, which in most programs is a literal: V8 compares literals by their addresses, and what this answers has
 * the address that a literal of the same text has.
 */
export function flatName(name: string): string {
  return Object.keys({ [name]: 0 })[0]!;
}
