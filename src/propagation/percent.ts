// Percent-encoding as W3C Baggage uses it: UTF-8, and forgiving where it is read.

import { BAGGAGE_OCTET, consistsOf, TOKEN } from "./characters.ts";

/** A baggage value as it stands in the header (W3C Baggage, section 3.3.1.3). Lone surrogates become U+FFFD. */
export function encodedValue(value: string): string {
  return consistsOf(value, BAGGAGE_OCTET) && !value.includes("%") ? value : encoded(value);
}

/**
 * A baggage name as it stands in the header: itself where it is a token without a percent sign, else percent-encoded, which
 * makes a token of it. The specification has no encoding of names; this one is what OpenTelemetry's libraries write and read.
 */
export function encodedName(name: string): string {
  if (consistsOf(name, TOKEN) && !name.includes("%")) return name;
  return encoded(name).replaceAll("(", "%28").replaceAll(")", "%29");
}

/**
 * A value as formats send it that have no encoding: as it is where it may stand in a header and nobody could take it for
 * encoded, else percent-encoded.
 */
export function plainValue(value: string): string {
  return isPrintable(value) && decoded(value) === value ? value : encoded(value);
}

/** A value that libraries for HTML forms read: to them a plus sign is a space. */
export function formValue(value: string): string {
  return encodedValue(value).replaceAll("+", "%2B");
}

/** The text that was encoded for an HTML form, where a space is a plus sign, or as everywhere else. */
export function decodedForm(text: string): string {
  return decoded(text.replaceAll("+", " "));
}

/**
 * The text that was encoded. Octets that are no UTF-8 become U+FFFD; a percent sign before no two digits stays, and so does all
 * where there are characters that are no octets.
 */
export function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return decodedLeniently(text);
  }
}

/** Visible ASCII characters, and spaces that are not at an end, where HTTP loses them. */
function isPrintable(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return !value.startsWith(" ") && !value.endsWith(" ");
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
  }
}

function decodedLeniently(text: string): string {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const digits = text.slice(at + 1, at + 3);
    if (text[at] === "%" && /^[0-9a-fA-F]{2}$/.test(digits)) {
      bytes[length++] = Number.parseInt(digits, 16);
      at += 2;
    } else {
      const code = text.charCodeAt(at);
      if (code > 0xff) return text;
      bytes[length++] = code;
    }
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, length));
}
