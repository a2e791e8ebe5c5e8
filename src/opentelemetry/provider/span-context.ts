// A span's identity in two shapes: ours, which is words, and that of OpenTelemetry's API, which is text.

import { type SpanContext as ApiSpanContext, createTraceState, isSpanContextValid } from "@opentelemetry/api";
import { count } from "../../diagnostics.ts";
import { readWord } from "../../propagation/hex.ts";
import { checkedTraceState } from "../../propagation/trace-state.ts";
import { spanIdHex, traceIdHex } from "../../trace-context.ts";
import { SpanContext } from "../../tracer/span-context.ts";

/** All zero where there are no ids. Flags are those of the W3C alone. */
export function apiSpanContext(context: SpanContext): ApiSpanContext {
  return {
    traceId: traceIdHex(context),
    spanId: spanIdHex(context),
    traceFlags: context.traceFlags & 0xff,
    ...(context.isRemote ? { isRemote: true } : {}),
    ...(context.traceState === "" ? {} : { traceState: createTraceState(context.traceState) }),
  };
}

/** Undefined where there is none, or its ids are not valid. Never throws: a trace state that cannot be read is none. */
export function ownSpanContext(given: ApiSpanContext | undefined): SpanContext | undefined {
  if (typeof given?.traceId !== "string" || typeof given.spanId !== "string") return undefined;
  if (!isSpanContextValid(given)) return undefined;
  const traceId = given.traceId.toLowerCase();
  const spanId = given.spanId.toLowerCase();
  const context = new SpanContext();
  context.traceId0 = readWord(traceId, 0);
  context.traceId1 = readWord(traceId, 8);
  context.traceId2 = readWord(traceId, 16);
  context.traceId3 = readWord(traceId, 24);
  context.spanId0 = readWord(spanId, 0);
  context.spanId1 = readWord(spanId, 8);
  context.traceFlags = given.traceFlags & 0xff;
  context.traceState = traceStateText(given);
  context.isRemote = given.isRemote === true;
  return context;
}

function traceStateText({ traceState }: ApiSpanContext): string {
  if (traceState === undefined || traceState === null) return "";
  try {
    return checkedTraceState(traceState.serialize());
  } catch (error) {
    count("propagation.invalid", 1, "a trace state that cannot be read", error);
    return "";
  }
}
