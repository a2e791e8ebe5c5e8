// What may stand in an HTTP header.

/** RFC 9110, section 5.1: a field name is a token. */
export function isHeaderName(name: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name);
}

/** RFC 9110, section 5.5, as Node holds it: visible characters, space, tab, and bytes above 127. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
