// A share of each operation's traces, and at least so many a second of each.

import type { TraceContext } from "../trace-context.ts";
import { type JaegerSampler, ProbabilisticSampler, RateLimitingSampler, type SamplerTags } from "./samplers.ts";

/** What the sampling manager says of operations: `operationSampling` of its answer (jaeger-idl, `sampling.thrift`). */
export interface OperationStrategies {
  readonly defaultSamplingProbability: number;
  readonly defaultLowerBoundTracesPerSecond: number;
  readonly perOperationStrategies: readonly {
    readonly operation: string;
    readonly probabilisticSampling: { readonly samplingRate: number };
  }[];
}

/** The name that a span is started with counts: what `setOperationName` changes later does not. */
export class PerOperationSampler implements JaegerSampler {
  readonly #maxOperations: number;
  readonly #now: (() => number) | undefined;
  #strategies: OperationStrategies;
  #rates: ReadonlyMap<string, number>;
  #others: ProbabilisticSampler;
  readonly #operations = new Map<string, LowerBoundSampler>();

  /**
   * @param maxOperations names that have a lower bound of their own: those in the strategies, however many, and others while
   * there is room. All others have the default probability alone
   */
  constructor(strategies: OperationStrategies, maxOperations: number, now?: () => number) {
    this.#maxOperations = maxOperations;
    this.#now = now;
    this.#strategies = strategies;
    this.#rates = ratesOf(strategies);
    this.#others = new ProbabilisticSampler(strategies.defaultSamplingProbability);
    this.#remake();
  }

  /** Takes other strategies. What the lower bounds have let through counts on, where they stay the same. */
  update(strategies: OperationStrategies): void {
    const rates = ratesOf(strategies);
    this.#others = new ProbabilisticSampler(strategies.defaultSamplingProbability);
    this.#strategies = strategies;
    this.#rates = rates;
    this.#remake();
  }

  decide(context: Readonly<TraceContext>, operationName: string): SamplerTags | undefined {
    let sampler = this.#operations.get(operationName);
    if (sampler === undefined) {
      if (this.#operations.size >= this.#maxOperations) return this.#others.decide(context);
      sampler = this.#made(operationName, undefined);
      this.#operations.set(operationName, sampler);
    }
    return sampler.decide(context);
  }

  toString(): string {
    return `PerOperationSampler(maxOperations=${this.#maxOperations})`;
  }

  #remake(): void {
    const before = [...this.#operations];
    const samplers = new Map(before);
    this.#operations.clear();
    for (const name of this.#rates.keys()) this.#operations.set(name, this.#made(name, samplers.get(name)));
    for (const [name, sampler] of before) {
      if (this.#operations.size >= this.#maxOperations) break;
      if (!this.#rates.has(name)) this.#operations.set(name, this.#made(name, sampler));
    }
  }

  #made(operation: string, before: LowerBoundSampler | undefined): LowerBoundSampler {
    const { defaultSamplingProbability, defaultLowerBoundTracesPerSecond: least } = this.#strategies;
    const rate = this.#rates.get(operation) ?? defaultSamplingProbability;
    const limit = before?.limit.maxTracesPerSecond === least ? before.limit : new RateLimitingSampler(least, this.#now);
    return new LowerBoundSampler(rate, limit);
  }
}

/** A share of all traces, and where it leaves them out, so many a second. */
class LowerBoundSampler {
  readonly limit: RateLimitingSampler;
  readonly #share: ProbabilisticSampler;
  readonly #tags: SamplerTags;

  constructor(samplingRate: number, limit: RateLimitingSampler) {
    this.limit = limit;
    this.#share = new ProbabilisticSampler(samplingRate);
    this.#tags = { type: "lowerbound", param: samplingRate };
  }

  decide(context: Readonly<TraceContext>): SamplerTags | undefined {
    // What the share lets through counts against the bound.
    const isLet = this.limit.decide() !== undefined;
    return this.#share.decide(context) ?? (isLet ? this.#tags : undefined);
  }
}

function ratesOf({ perOperationStrategies }: OperationStrategies): ReadonlyMap<string, number> {
  return new Map(
    perOperationStrategies.map(({ operation, probabilisticSampling }) => [
      operation,
      probabilisticSampling.samplingRate,
    ]),
  );
}
