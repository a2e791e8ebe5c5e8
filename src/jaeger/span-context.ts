// A span's identity with what jaeger-client's contexts can be asked besides.

import { Buffer } from "node:buffer";
import { EMPTY_BAGGAGE } from "../propagation/baggage.ts";
import { setIds } from "../propagation/ids.ts";
import { DEBUG_BIT, JaegerPropagator, SAMPLED_BIT, traceFlagsOf } from "../propagation/jaeger.ts";
import { toText } from "../text.ts";
import { type Baggage, DEBUG, decide, hasIds, hex32, SAMPLED, UNDECIDED } from "../trace-context.ts";
import { SpanContext } from "../tracer/span-context.ts";

const propagator = new JaegerPropagator();

/** As jaeger-client's contexts hold baggage. */
type Items = Readonly<Record<string, string>>;

/** What the tag `sampling.priority`, or flags that are set, say of all spans of a trace that have a local root in common. */
export interface Decision {
  /** `SAMPLED`, with or without `DEBUG`, or 0; undefined until there is such a tag. */
  flags: number | undefined;
}

/** Ids are shown as jaeger-client shows them: hexadecimal, without leading zeros. */
export class JaegerSpanContext extends SpanContext {
  parentSpanId0 = 0;
  parentSpanId1 = 0;
  /** @internal */
  decision: Decision | undefined = undefined;

  /** The context that a text in the form of `uber-trace-id` describes; null where it is malformed. */
  static fromString(text: string): JaegerSpanContext | null {
    const context = new JaegerSpanContext();
    propagator.extract({ "uber-trace-id": String(text) }, context);
    if (!hasIds(context)) return null;
    context.#setParent(String(text).split(/:|%3a/i)[2]);
    return context;
  }

  /**
   * Ids in hexadecimal digits. Ids that are malformed leave a context that is not valid: with a debug id, a child of it begins
   * a debug trace.
   */
  static withStringIds(
    traceId: string,
    spanId: string,
    parentId?: string | null,
    flags = 0,
    baggage?: Items | null,
    debugId?: string | null,
  ): JaegerSpanContext {
    const context = new JaegerSpanContext();
    setIds(context, String(traceId), String(spanId), traceFlagsOf(flags));
    context.#setParent(parentId ?? undefined);
    context.baggage = baggageOf(baggage);
    context.debugId = debugId || undefined;
    context.settle();
    return context;
  }

  /** Ids as bytes. */
  static withBinaryIds(
    traceId: Buffer,
    spanId: Buffer,
    parentId?: Buffer | null,
    flags = 0,
    baggage?: Items | null,
    debugId?: string | null,
  ): JaegerSpanContext {
    const digits = (id: Buffer | null | undefined): string => id?.toString("hex") ?? "";
    const [trace, span, parent] = [digits(traceId), digits(spanId), digits(parentId)];
    return JaegerSpanContext.withStringIds(trace, span, parent, flags, baggage, debugId);
  }

  /** @internal Takes what code written for jaeger-client has set by hand: a plain object as baggage, a debug id. */
  settle(): void {
    if (this.baggage !== undefined) this.baggage = baggageOf(this.baggage);
    if (this.debugId) decide(this, SAMPLED | DEBUG);
  }

  /** @internal For children, which decide for it and it for them. */
  share(): Decision {
    this.decision ??= { flags: undefined };
    return this.decision;
  }

  /** @internal Takes over the decision that it shares. To be called before the flags are used. */
  follow(): void {
    const flags = this.decision?.flags;
    if (flags !== undefined) this.traceFlags = (this.traceFlags & ~(SAMPLED | DEBUG | UNDECIDED)) | flags;
  }

  /** Whether there are ids: without them a context is no parent. */
  get isValid(): boolean {
    return hasIds(this);
  }

  override isSampled(): boolean {
    this.follow();
    return super.isSampled();
  }

  /** Whether the trace is to survive all sampling. */
  isDebug(): boolean {
    this.follow();
    return (this.traceFlags & DEBUG) !== 0;
  }

  /** Whether it has a debug id and nothing else. */
  isDebugIDContainerOnly(): boolean {
    return !this.isValid && Boolean(this.debugId);
  }

  /** One with this item beside those that there are. */
  withBaggageItem(name: string, value: string): JaegerSpanContext {
    const context = this.copy();
    context.baggage = (baggageOf(this.baggage) ?? EMPTY_BAGGAGE).with(toText(name), toText(value));
    return context;
  }

  get flags(): number {
    return (this.isSampled() ? SAMPLED_BIT : 0) | (this.isDebug() ? DEBUG_BIT : 0);
  }

  set flags(flags: number) {
    this.traceFlags = traceFlagsOf(flags);
    if (this.decision !== undefined) this.decision.flags = this.traceFlags;
  }

  get traceIdStr(): string {
    return trimmed(super.toTraceId());
  }

  get spanIdStr(): string {
    return trimmed(super.toSpanId());
  }

  /** Null for a root, and for a context that came from elsewhere without it. */
  get parentIdStr(): string | null {
    return trimmed(hex32(this.parentSpanId0) + hex32(this.parentSpanId1)) || null;
  }

  /** The trace id as 8 bytes, or as 16 where it is longer; null without ids. */
  get traceId(): Buffer | null {
    const digits = super.toTraceId();
    return this.isValid ? Buffer.from(digits.startsWith("0".repeat(16)) ? digits.slice(16) : digits, "hex") : null;
  }

  set traceId(id: Buffer | null) {
    const bytes = lastBytes(id, 16);
    this.traceId0 = bytes.readInt32BE(0);
    this.traceId1 = bytes.readInt32BE(4);
    this.traceId2 = bytes.readInt32BE(8);
    this.traceId3 = bytes.readInt32BE(12);
  }

  get spanId(): Buffer | null {
    return this.isValid ? Buffer.from(super.toSpanId(), "hex") : null;
  }

  set spanId(id: Buffer | null) {
    const bytes = lastBytes(id, 8);
    this.spanId0 = bytes.readInt32BE(0);
    this.spanId1 = bytes.readInt32BE(4);
  }

  get parentId(): Buffer | null {
    const { parentIdStr } = this;
    return parentIdStr === null ? null : Buffer.from(parentIdStr.padStart(16, "0"), "hex");
  }

  set parentId(id: Buffer | null) {
    const bytes = lastBytes(id, 8);
    this.parentSpanId0 = bytes.readInt32BE(0);
    this.parentSpanId1 = bytes.readInt32BE(4);
  }

  override toTraceId(): string {
    return this.traceIdStr;
  }

  override toSpanId(): string {
    return this.spanIdStr;
  }

  /** `{trace id}:{span id}:{parent's span id}:{flags}`, as in logs and in `uber-trace-id`. */
  override toString(): string {
    return `${this.traceIdStr}:${this.spanIdStr}:${this.parentIdStr ?? 0}:${this.flags.toString(16)}`;
  }

  #setParent(digits: string | undefined): void {
    if (digits === undefined || !/^[0-9a-f]{1,16}$/i.test(digits)) return;
    const padded = digits.padStart(16, "0");
    this.parentSpanId0 = Number.parseInt(padded.slice(0, 8), 16) | 0;
    this.parentSpanId1 = Number.parseInt(padded.slice(8), 16) | 0;
  }
}

function baggageOf(given: Baggage | Items | null | undefined): Baggage | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  if (isBaggage(given)) return given;
  let baggage: Baggage | undefined;
  for (const [name, value] of Object.entries(given)) {
    if (value != null) baggage = (baggage ?? EMPTY_BAGGAGE).with(name, toText(value));
  }
  return baggage;
}

/** An array has the one method, a map the other. */
function isBaggage(given: object): given is Baggage {
  const { get, with: add } = given as Partial<Record<"get" | "with", unknown>>;
  return typeof get === "function" && typeof add === "function";
}

/** So many bytes, with zeros before an id that is shorter. What is no Buffer is all zeros: no id. */
function lastBytes(id: unknown, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (id instanceof Uint8Array) bytes.set(id.subarray(-length), Math.max(0, length - id.length));
  return bytes;
}

function trimmed(digits: string): string {
  return digits.replace(/^0+/, "");
}
