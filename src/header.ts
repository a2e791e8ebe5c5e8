// What may stand in an HTTP header.

/** RFC 9110, section 5.1: a field name is a token. */
export function isHeaderName(name: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name);
}

/** RFC 9110, section 5.5, as Node holds it: visible characters, space, tab, and bytes above 127. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/** Whether a header says where a request's body ends, or what is to be done before it: RFC 9112, section 6; RFC 9110, 7.8 and 10.1.1. */
export function isFraming(name: string): boolean {
  return FRAMING.has(name.toLowerCase());
}

const FRAMING = new Set(["content-length", "transfer-encoding", "expect", "upgrade"]);
