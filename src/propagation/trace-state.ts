// The `tracestate` list of W3C Trace Context: checked as a whole, and passed on as it came.

import { count } from "../diagnostics.ts";
import { BLANK, isMemberEnd, STATE_KEY, STATE_VALUE, skip, trimBlanks } from "./characters.ts";

/** Section 3.3.1.2. Empty members do not count. */
const MAX_MEMBERS = 32;
/** Sections 3.3.1.3.1 and 3.3.1.3.2. */
const MAX_KEY = 256;
const MAX_VALUE = 256;
/** What the longest members make together, with their commas: without it, empty members could go on for ever. */
const MAX_LENGTH = MAX_MEMBERS * (MAX_KEY + 1 + MAX_VALUE + 1);

const EQUALS = 0x3d;
const SPACE = 0x20;

/**
 * A `tracestate` header, without blanks at its ends, if it keeps to the grammar of Level 2 (which allows all that Level 1
 * does); else "", counted `propagation.invalid`. Empty members and repeated keys are left in place: the specification
 * lets a service pass both on, and a copy byte by byte can do no harm to what other vendors wrote.
 */
export function checkedTraceState(header: string): string {
  let members = 0;
  let at = 0;
  while (at < header.length) {
    at = skip(header, at, BLANK);
    if (!isMemberEnd(header, at)) {
      at = endOfMember(header, at);
      if (at < 0 || ++members > MAX_MEMBERS || at > MAX_LENGTH) return invalid();
    }
    at++; // the comma
  }
  if (members === 0) return "";
  const kept = trimBlanks(header);
  return kept.length > MAX_LENGTH ? invalid() : kept;
}

/**
 * What two formats say of one trace: all of the first's members, and of the second's those whose keys it lacks (section 3.3:
 * what other vendors wrote must be passed on). Those beyond 32 are dropped, counted `propagation.limit`.
 */
export function mergedTraceState(first: string, second: string): string {
  // A format of somebody's own may have left undefined.
  if (!second || second === first) return first;
  return first ? withMore(first, second) : second;
}

/** Apart, for a function that makes closures allocates whenever it is called: 40 bytes. */
function withMore(first: string, second: string): string {
  const members = membersOf(first);
  const keys = new Set(members.map(keyOf));
  const more = membersOf(second).filter((member) => !keys.has(keyOf(member)));
  if (more.length === 0) return first;
  const all = [...members, ...more];
  if (all.length > MAX_MEMBERS) count("propagation.limit", all.length - MAX_MEMBERS);
  return all.slice(0, MAX_MEMBERS).join(",");
}

function membersOf(traceState: string): string[] {
  return traceState
    .split(",")
    .map(trimBlanks)
    .filter((member) => member !== "");
}

function keyOf(member: string): string {
  return member.slice(0, member.indexOf("="));
}

/** Where the member that starts at `start` ends, blanks behind it included; -1 where it is malformed. */
function endOfMember(header: string, start: number): number {
  const keyEnd = skip(header, start, STATE_KEY);
  const first = header.charCodeAt(start);
  const startsWell = (first >= 0x61 && first <= 0x7a) || (first >= 0x30 && first <= 0x39);
  if (!startsWell || keyEnd - start > MAX_KEY || header.charCodeAt(keyEnd) !== EQUALS) return -1;

  const valueStart = keyEnd + 1;
  const end = skip(header, valueStart, STATE_VALUE);
  let valueEnd = end;
  while (valueEnd > valueStart && header.charCodeAt(valueEnd - 1) === SPACE) valueEnd--;
  if (valueEnd === valueStart || valueEnd - valueStart > MAX_VALUE) return -1;

  const next = skip(header, end, BLANK);
  return isMemberEnd(header, next) ? next : -1;
}

function invalid(): "" {
  count("propagation.invalid");
  return "";
}
