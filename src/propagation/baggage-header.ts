// The grammar and the limits of the `baggage` header (W3C Baggage, sections 3.3.1 and 3.3.2).

import { count } from "../diagnostics.ts";
import { BAGGAGE_OCTET, BLANK, isMemberEnd, skip, TOKEN, trimBlanks } from "./characters.ts";

/** Members a header, as many as the specification asks every service to pass on at least. */
export const MAX_MEMBERS = 64;
/** Bytes of a header, as many as the specification asks every service to pass on at least. */
export const MAX_LENGTH = 8192;

const EQUALS = 0x3d;
const SEMICOLON = 0x3b;

/**
 * The header without blanks around it if it is well-formed and within the limits, which is found out in one pass. Else
 * its members without those that are malformed (counted `propagation.invalid`) and those that no longer fit (counted
 * `propagation.limit`). Either way it holds nothing but visible ASCII characters, spaces and tabs.
 */
export function keptMembers(header: string): string {
  return isKept(header) ? trimBlanks(header) : selected(header);
}

/** The name of a well-formed member. */
export function nameOf(member: string): string {
  return trimBlanks(member.slice(0, member.indexOf("=")));
}

/** The value of a well-formed member, still encoded, without its properties. */
export function encodedValueOf(member: string): string {
  const end = member.indexOf(";");
  return trimBlanks(member.slice(member.indexOf("=") + 1, end < 0 ? undefined : end));
}

function isKept(header: string): boolean {
  if (header.length > MAX_LENGTH) return false;
  for (let at = 0, members = 1; members <= MAX_MEMBERS; members++) {
    at = endOfMember(header, at);
    if (at < 0) return false;
    if (at === header.length) return true;
    at++; // the comma
  }
  return false;
}

function selected(header: string): string {
  const kept: string[] = [];
  let length = -1; // the first member comes without a comma
  let invalid = 0;
  let tooMany = 0;
  for (const part of header.split(",")) {
    const member = trimBlanks(part);
    if (member === "") continue; // a list may have empty elements: RFC 9110, section 5.6.1.2
    if (endOfMember(member, 0) !== member.length) {
      invalid++;
    } else if (kept.length === MAX_MEMBERS || length + 1 + member.length > MAX_LENGTH) {
      tooMany++;
    } else {
      kept.push(member);
      length += 1 + member.length;
    }
  }
  if (invalid > 0) count("propagation.invalid", invalid);
  if (tooMany > 0) count("propagation.limit", tooMany);
  return kept.join(",");
}

/** Where the member that starts at `start` ends, blanks around it included; -1 where it is malformed. */
function endOfMember(header: string, start: number): number {
  let at = endOfName(header, start);
  if (at < 0 || header.charCodeAt(at) !== EQUALS) return -1;
  at = endOfValue(header, at + 1);
  while (header.charCodeAt(at) === SEMICOLON) {
    at = endOfName(header, at + 1);
    if (at < 0) return -1;
    if (header.charCodeAt(at) === EQUALS) at = endOfValue(header, at + 1);
  }
  return isMemberEnd(header, at) ? at : -1;
}

function endOfName(header: string, start: number): number {
  const first = skip(header, start, BLANK);
  const end = skip(header, first, TOKEN);
  return end === first ? -1 : skip(header, end, BLANK);
}

function endOfValue(header: string, start: number): number {
  return skip(header, skip(header, skip(header, start, BLANK), BAGGAGE_OCTET), BLANK);
}
