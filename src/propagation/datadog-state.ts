// What Datadog says of a trace beside its ids, as `x-datadog-tags` has it and as the tracestate's member `dd` does.

import { count } from "../diagnostics.ts";
import { consistsOf, STATE_VALUE, TOKEN, trimBlanks } from "./characters.ts";

/** Decision by hand, origin and propagated tags. */
export interface DatadogState {
  /** The sampling priority; undefined where it is what the sampled flag says, 0 or 1. */
  priority: number | undefined;
  /** Where the trace began, such as `rum` or `synthetics`. */
  origin: string | undefined;
  /** Names without `_dd.p.`, each followed by its value. */
  readonly tags: string[];
}

/** As many characters as Datadog's tracers take of `x-datadog-tags`. */
const MAX_TAGS = 512;
/** As many characters as a tracestate's value has at most. */
const MAX_MEMBER = 256;

const TAG = "_dd.p.";
const TRACE_ID = "tid";
/** Who decided to keep the trace: nothing that may be said of a trace that is not kept. */
const DECISION_MAKER = "dm";

/** Reads `x-datadog-tags` (`_dd.p.name=value` between commas) into `state`, and answers the tag `_dd.p.tid`, "" without one. */
export function readTags(header: string, state: DatadogState): string {
  if (header.length > MAX_TAGS) {
    count("propagation.limit");
    return "";
  }
  let traceId = "";
  for (const part of header.split(",")) {
    const tag = trimBlanks(part);
    const equals = tag.indexOf("=");
    const name = tag.slice(TAG.length, equals);
    const value = tag.slice(equals + 1);
    if (!tag.startsWith(TAG) || equals <= TAG.length) count("propagation.invalid");
    else if (name === TRACE_ID) traceId = value;
    else if (!consistsOf(name, TOKEN) || !isPlain(value)) count("propagation.invalid");
    else state.tags.push(name, value);
  }
  return traceId;
}

/** `x-datadog-tags` with these upper 64 bits of the trace id, "" for none. */
export function tagsOf(traceId: string, state: DatadogState | undefined, isSampled: boolean): string {
  let header = traceId === "" ? "" : `${TAG}${TRACE_ID}=${traceId}`;
  if (state === undefined) return header;
  for (let i = 0; i < state.tags.length; i += 2) {
    const name = state.tags[i]!;
    if (name === TRACE_ID || (name === DECISION_MAKER && !isSampled)) continue;
    header += `${header === "" ? "" : ","}${TAG}${name}=${state.tags[i + 1]}`;
  }
  if (header.length <= MAX_TAGS) return header;
  count("propagation.limit");
  return tagsOf(traceId, undefined, isSampled);
}

/** The tracestate that holds `state` (`dd=s:2;o:rum;t.dm:-4`), "" where there is nothing to hold, or too much of it. */
export function datadogMember({ priority, origin, tags }: DatadogState): string {
  let value = priority === undefined ? "" : `s:${priority}`;
  if (origin !== undefined) {
    if (isPlain(origin)) value = joined(value, `o:${origin}`);
    else count("propagation.invalid");
  }
  for (let i = 0; i < tags.length; i += 2) value = joined(value, `t.${tags[i]}:${tags[i + 1]}`);
  if (value === "") return "";
  if (value.length <= MAX_MEMBER) return `dd=${value.replaceAll("=", "~")}`;
  count("propagation.limit");
  return "";
}

/** The state that a tracestate holds, undefined for none. What is not understood is passed over. */
export function datadogStateOf(traceState: string): DatadogState | undefined {
  if (!traceState.includes("dd=")) return undefined;
  for (const member of traceState.split(",")) {
    const trimmed = trimBlanks(member);
    if (trimmed.startsWith("dd=")) return stateOf(trimmed.slice(3));
  }
  return undefined;
}

function stateOf(value: string): DatadogState {
  const state: DatadogState = { priority: undefined, origin: undefined, tags: [] };
  for (const field of value.split(";")) {
    const colon = field.indexOf(":");
    const name = field.slice(0, Math.max(0, colon));
    const text = trimBlanks(field.slice(colon + 1)).replaceAll("~", "=");
    if (text === "") continue;
    if (name === "s") state.priority = wholeNumber(text);
    else if (name === "o") state.origin = text;
    else if (name.startsWith("t.") && name.length > 2 && consistsOf(name, TOKEN)) state.tags.push(name.slice(2), text);
  }
  return state;
}

/** A sampling priority, undefined for what is none. Those there are go from -1 to 2. */
export function wholeNumber(text: string): number | undefined {
  const number = text.length <= 3 ? Number(text) : Number.NaN;
  return Number.isInteger(number) && String(number) === text ? number : undefined;
}

function joined(value: string, field: string): string {
  return value === "" ? field : `${value};${field}`;
}

/** Whether a text can be told again from a tracestate's value, where `;` ends it and `~` stands for `=`. */
function isPlain(text: string): boolean {
  return text !== "" && consistsOf(text.replaceAll("=", ""), STATE_VALUE) && !text.includes(";") && !text.includes("~");
}
