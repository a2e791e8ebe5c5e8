// The samplers of jaeger-client: always or never, a share of all traces, so many a second.

import type { TraceContext } from "../trace-context.ts";
import { RateLimitSampler } from "../tracer/sampler.ts";

/** Why a root is recorded: its tags `sampler.type` and `sampler.param`. */
export interface SamplerTags {
  readonly type: string;
  readonly param: number | boolean;
}

/** Decides about roots alone. Called for every root: be quick. */
export interface JaegerSampler {
  /** The reason why the trace that begins is recorded, undefined where it is not. */
  decide(context: Readonly<TraceContext>, operationName: string): SamplerTags | undefined;
  /** As jaeger-client shows it: `ProbabilisticSampler(samplingRate=0.1)`. */
  toString(): string;
  /** Ends what it has begun, such as timers. */
  close?(callback?: () => void): void;
}

/** Records everything, or nothing. */
export class ConstSampler implements JaegerSampler {
  readonly decision: boolean;
  readonly #tags: SamplerTags | undefined;

  constructor(decision: boolean) {
    this.decision = decision;
    this.#tags = decision ? { type: "const", param: true } : undefined;
  }

  decide(): SamplerTags | undefined {
    return this.#tags;
  }

  toString(): string {
    return `ConstSampler(${this.decision ? "always" : "never"})`;
  }
}

/**
 * Records the given share (0 to 1) of all traces. Chosen by the lower 63 bits of the trace id, as Jaeger's clients for Go
 * and Java choose them, so that all services choose the same; jaeger-client for Node throws a die for each trace.
 */
export class ProbabilisticSampler implements JaegerSampler {
  readonly samplingRate: number;
  readonly #tags: SamplerTags;

  constructor(samplingRate: number) {
    if (typeof samplingRate !== "number" || !(samplingRate >= 0 && samplingRate <= 1)) {
      throw new TypeError(`the sampling rate must be a number from 0 to 1, not ${String(samplingRate)}`);
    }
    this.samplingRate = samplingRate;
    this.#tags = { type: "probabilistic", param: samplingRate };
  }

  decide(context: Readonly<TraceContext>): SamplerTags | undefined {
    return shareOf(context) < this.samplingRate ? this.#tags : undefined;
  }

  toString(): string {
    return `ProbabilisticSampler(samplingRate=${this.samplingRate})`;
  }
}

/** The lower 63 bits of the trace id as a fraction of 2^63: the upper 52 of them, which a number holds exactly. */
export function shareOf({ traceId2, traceId3 }: Readonly<TraceContext>): number {
  return ((traceId2 & 0x7fffffff) * 2 ** 21 + (traceId3 >>> 11)) / 2 ** 52;
}

/** Records at most so many traces a second, with a burst of one second's worth, or of one trace. */
export class RateLimitingSampler implements JaegerSampler {
  readonly maxTracesPerSecond: number;
  readonly #limit: RateLimitSampler;
  readonly #tags: SamplerTags;

  /** @param now milliseconds on a monotonic clock; for tests */
  constructor(maxTracesPerSecond: number, now?: () => number) {
    this.#limit = new RateLimitSampler(maxTracesPerSecond, typeof now === "function" ? now : undefined);
    this.maxTracesPerSecond = maxTracesPerSecond;
    this.#tags = { type: "ratelimiting", param: maxTracesPerSecond };
  }

  decide(): SamplerTags | undefined {
    return this.#limit.isSampled() ? this.#tags : undefined;
  }

  toString(): string {
    return `RateLimitingSampler(maxTracesPerSecond=${this.maxTracesPerSecond})`;
  }
}
