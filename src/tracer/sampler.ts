// Who decides which traces are recorded. The decision is made once, at the root, and travels with the trace.

import { show } from "../settings.ts";
import { SAMPLED, type TraceContext, UNDECIDED } from "../trace-context.ts";

/** Decides whether a new span's trace is recorded. Called for every span: be quick. Where it throws, nothing is recorded. */
export interface Sampler {
  /**
   * @param context the new span's context; its trace flags are not yet set
   * @param parent the parent's context, undefined for a root; one without ids where the caller sent a decision and nothing else
   */
  isSampled(context: Readonly<TraceContext>, operationName: string, parent: ParentContext | undefined): boolean;
  /** How it would be written in a configuration: `ratio(0.1)`. */
  toString(): string;
}

/** A parent as samplers see it. */
export type ParentContext = Readonly<TraceContext> & { readonly isRemote: boolean };

/** Records everything. */
export const ALWAYS: Sampler = { isSampled: () => true, toString: () => "always" };

/** Records nothing; contexts still travel. */
export const NEVER: Sampler = { isSampled: () => false, toString: () => "never" };

/**
 * Records the given share (0 to 1) of all traces, chosen by trace id, so that every service with the same ratio chooses
 * the same traces. Compares the rightmost 56 bits with a threshold, as OpenTelemetry's consistent probability sampling
 * and W3C Trace Context Level 2 (section 3.2.2.5.2, "random-trace-id flag") lay them out.
 */
export class RatioSampler implements Sampler {
  readonly ratio: number;
  readonly #rejected: number;

  constructor(ratio: number) {
    if (typeof ratio !== "number" || !(ratio >= 0 && ratio <= 1)) {
      throw new TypeError(`a sampling ratio must be a number from 0 to 1, not ${show(ratio)}`);
    }
    this.ratio = ratio;
    // 56 bits do not fit a safe integer; the upper 52 do, and 2^-52 is finer than any share of traffic.
    this.#rejected = Math.round((1 - ratio) * 2 ** 52);
  }

  isSampled(context: Readonly<TraceContext>): boolean {
    const upper52 = (context.traceId2 & 0x00ffffff) * 2 ** 28 + (context.traceId3 >>> 4);
    return upper52 >= this.#rejected;
  }

  toString(): string {
    return `ratio(${this.ratio})`;
  }
}

/**
 * Records at most so many traces a second, evenly spread, with a burst of one second's worth. It counts what it is asked
 * about: put it in a `ParentBasedSampler`, or the spans below a root use up the rate and are left out one by one.
 */
export class RateLimitSampler implements Sampler {
  readonly perSecond: number;
  readonly #now: () => number;
  #credit: number;
  #at: number;

  /** @param now milliseconds on a monotonic clock; for tests */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    if (typeof perSecond !== "number" || !(perSecond >= 0 && perSecond < Number.POSITIVE_INFINITY)) {
      throw new TypeError(`a sampling rate must be a number of traces a second, 0 or more, not ${show(perSecond)}`);
    }
    this.perSecond = perSecond;
    this.#now = now;
    this.#at = now();
    this.#credit = this.#burst;
  }

  isSampled(): boolean {
    const now = this.#now();
    this.#credit = Math.min(this.#burst, this.#credit + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }

  toString(): string {
    return `rate(${this.perSecond})`;
  }

  // Less than one a second must still be able to save up for a whole trace.
  get #burst(): number {
    return this.perSecond === 0 ? 0 : Math.max(1, this.perSecond);
  }
}

/** Follows the parent's decision, local or remote; asks `root` where there is none, or where the parent left it open. */
export class ParentBasedSampler implements Sampler {
  readonly root: Sampler;

  constructor(root: Sampler) {
    this.root = root;
  }

  isSampled(context: Readonly<TraceContext>, operationName: string, parent: ParentContext | undefined): boolean {
    const decided = parent !== undefined && (parent.traceFlags & UNDECIDED) === 0;
    if (decided) return (parent.traceFlags & SAMPLED) !== 0;
    return this.root.isSampled(context, operationName, undefined);
  }

  toString(): string {
    return `parentbased(${this.root})`;
  }
}
