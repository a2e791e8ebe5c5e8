// Ids as the formats before W3C Trace Context have them: of 64 or 128 bits, with leading zeros or without, in digits of either case.

import type { TraceContext } from "../trace-context.ts";
import { HexTemplate, readDigits } from "./hex.ts";

/**
 * Gives `context` this identity and answers true; answers false and leaves it alone where an id is empty, all zeros, no
 * hexadecimal number, or has more than 32 digits (the trace id) or 16 (the span id).
 *
 * @param traceFlags `SAMPLED` and the bits above the W3C's byte
 */
export function setIds(context: TraceContext, traceId: string, spanId: string, traceFlags: number): boolean {
  const { length } = traceId;
  if (length > 32 || spanId.length > 16) return false;
  const traceId0 = readDigits(traceId, length - 24);
  const traceId1 = readDigits(traceId, length - 16);
  const traceId2 = readDigits(traceId, length - 8);
  const traceId3 = readDigits(traceId, length);
  const spanId0 = readDigits(spanId, spanId.length - 8);
  const spanId1 = readDigits(spanId, spanId.length);
  if (Number.isNaN(traceId0 + traceId1 + traceId2 + traceId3 + spanId0 + spanId1)) return false;
  if ((traceId0 | traceId1 | traceId2 | traceId3) === 0 || (spanId0 | spanId1) === 0) return false;

  context.traceId0 = traceId0;
  context.traceId1 = traceId1;
  context.traceId2 = traceId2;
  context.traceId3 = traceId3;
  context.spanId0 = spanId0;
  context.spanId1 = spanId1;
  context.traceFlags = traceFlags;
  context.traceState = "";
  return true;
}

/** A header that holds both ids, and is otherwise always the same. */
export class IdsTemplate {
  readonly #template: HexTemplate;
  /** Where each word of the ids stands. */
  readonly #words: readonly number[];

  /** @param text the header with `########` for each word of the ids: six of them, or four for the low half of the trace id */
  constructor(text: string) {
    this.#template = new HexTemplate(text);
    this.#words = Array.from(text.matchAll(/#{8}/g), ({ index }) => index);
  }

  /** The header for these ids. */
  fill(context: Readonly<TraceContext>): string {
    const template = this.#template;
    const words = this.#words;
    const last = words.length - 1;
    if (last === 5) template.setWord(words[0]!, context.traceId0).setWord(words[1]!, context.traceId1);
    return template
      .setWord(words[last - 3]!, context.traceId2)
      .setWord(words[last - 2]!, context.traceId3)
      .setWord(words[last - 1]!, context.spanId0)
      .setWord(words[last]!, context.spanId1)
      .toString();
  }
}

/** A trace id as 32 `#`, or as 16: what was 64 bits long stays so, for there are services that know no more. */
export const TRACE_ID_128: string = "#".repeat(32);
export const TRACE_ID_64: string = "#".repeat(16);
export const SPAN_ID: string = "#".repeat(16);

/** Whether the trace id has 64 bits alone. */
export function isShort(context: Readonly<TraceContext>): boolean {
  return (context.traceId0 | context.traceId1) === 0;
}
