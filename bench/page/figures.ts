// Reads the figures that the page tells out of the results. Undefined: not measured.

import { majorOf } from "../release.ts";
import type { FootprintRun, InstructionRun, LadderRun, MicroRun, Results } from "../results.ts";
import { median, oneOf, paired, redrawn, repeatable, type Summary, summary } from "../statistics.ts";

/** From which share of a core on a server is busy. */
const BUSY = 0.8;
/** How often it is drawn. */
const DRAWS = 400;

type Counted = "instructions" | "misses";
type Measured = { readonly [K in "ladder" | "micro" | "footprint" | "instructions"]: Readonly<Results[K]> };

/** The results on one major release of Node. */
export class Figures {
  readonly #major: string;
  readonly #ladder: readonly LadderRun[];
  readonly #micro: readonly MicroRun[];
  readonly #footprint: readonly FootprintRun[];
  readonly #instructions: readonly InstructionRun[];
  #draws: readonly Figures[] | undefined;

  constructor(results: Measured, major: string) {
    this.#major = major;
    const isOfMajor = ({ node }: { readonly node: string }): boolean => majorOf(node) === major;
    this.#ladder = results.ladder.filter(isOfMajor);
    this.#micro = results.micro.filter(isOfMajor);
    this.#footprint = results.footprint.filter(isOfMajor);
    this.#instructions = results.instructions.filter(isOfMajor);
  }

  /** The same with all that was measured drawn anew, with replacement: sets of processes, and the rounds of each. The same draws each time. */
  draws(): readonly Figures[] {
    const random = repeatable();
    this.#draws ??= Array.from({ length: DRAWS }, () => this.#redrawn(random));
    return this.#draws;
  }

  #redrawn(random: () => number): Figures {
    const ladder = this.#ladder.map((run) => ({ ...run, periods: redrawn(run.periods, random) }));
    const draw = (values: readonly number[]): number[] => values.map(() => oneOf(values, random));
    const footprint = this.#footprint.map((run) => ({ ...run, values: draw(run.values) }));
    const micro = this.#micro.map((run) => ({ ...run, times: draw(run.times), bytes: draw(run.bytes) }));
    const instructions = this.#instructions.map((run) => ({ ...run, instructions: draw(run.instructions) }));
    return new Figures({ ladder, footprint, micro, instructions }, this.#major);
  }

  /** In how many sets of fresh processes a workload was measured. */
  generations(workload: string): number {
    return new Set(this.workload(workload)?.periods.map(({ generation }) => generation)).size;
  }

  /** How often a variant's requests were counted, in a fresh process each. */
  counts(workload: string, variant: string): number {
    return this.#instructionsOf(workload, variant)?.instructions.length ?? 0;
  }

  /** In how many fresh processes an operation was timed. */
  timings(operation: string, tracer: string): number {
    return this.#micro.find((one) => one.operation === operation && one.tracer === tracer)?.times.length ?? 0;
  }

  workload(name: string): LadderRun | undefined {
    return this.#ladder.find(({ workload }) => workload === name);
  }

  /** Microseconds of CPU that a variant adds to a request. */
  added(workload: string, variant: string): Summary | undefined {
    return this.#paired(workload, variant, (own, base) => own.cpu - base.cpu);
  }

  /** The share of its core that the load has kept the untraced server busy for. */
  load(workload: string): number | undefined {
    const periods = this.workload(workload)?.periods.filter(({ variant }) => variant === "untraced");
    return medianOf(periods?.map(({ cpu, rate }) => (cpu * rate) / 1e6));
  }

  /** Requests a second, as a share of the untraced server's, in rounds in which the load kept both busy; undefined where those are not half of all. */
  throughput(workload: string, variant: string): Summary | undefined {
    const periods = this.workload(workload)?.periods ?? [];
    const busy = periods.filter(({ cpu, rate }) => (cpu * rate) / 1e6 >= BUSY);
    const values = paired(busy, variant, "untraced", (own, base) => own.rate / base.rate);
    const all = periods.filter((one) => one.variant === variant).length;
    return all === 0 || values.length < all / 2 ? undefined : summary(values);
  }

  /** Megabytes that are resident under load beyond the untraced server's. */
  memory(workload: string, variant: string): Summary | undefined {
    return this.#paired(workload, variant, (own, base) => (own.memory - base.memory) / 2 ** 20);
  }

  /** Spans of served requests that came to the sink, as a share of the requests. */
  arrived(workload: string, variant: string): number | undefined {
    return this.#aRequest(workload, variant, "served");
  }

  /** Spans that came to the sink, or were counted where nothing is sent, for each request. */
  spans(workload: string, variant: string): number | undefined {
    return this.#aRequest(workload, variant, "spans");
  }

  /** Nanoseconds, or bytes of heap, that an operation takes. */
  operation(operation: string, tracer: string, what: "times" | "bytes" = "times"): Summary | undefined {
    const run = this.#micro.find((one) => one.operation === operation && one.tracer === tracer);
    return run === undefined ? undefined : summary(run[what]);
  }

  /** By how much the lowest and the highest count of one variant's requests differ, as a share of the lowest: the most of any. 0 where each was counted once. */
  get countsDiffer(): number {
    const differences = this.#instructions.map(({ instructions }) => {
      const { lowest, highest } = summary(instructions);
      return highest / lowest - 1;
    });
    return Math.max(0, ...differences);
  }

  /** Instructions of a whole request, or its misses of the instruction cache. */
  counted(workload: string, variant: string, what: Counted = "instructions"): number | undefined {
    return medianOf(this.#instructionsOf(workload, variant)?.[what]);
  }

  /** The lowest and the highest count of a whole request's instructions, beside the middle one. */
  countedAll(workload: string, variant: string): Summary | undefined {
    const run = this.#instructionsOf(workload, variant);
    return run === undefined ? undefined : summary(run.instructions);
  }

  /** How many of these a variant adds to a request. */
  addedCount(workload: string, variant: string, what: Counted = "instructions"): number | undefined {
    const [own, base] = [this.counted(workload, variant, what), this.counted(workload, "untraced", what)];
    return own === undefined || base === undefined ? undefined : own - base;
  }

  footprint(measure: string, variant: string): readonly number[] | undefined {
    return this.#footprint.find((one) => one.measure === measure && one.variant === variant)?.values;
  }

  footprintMedian(measure: string, variant: string): number | undefined {
    return medianOf(this.footprint(measure, variant));
  }

  #aRequest(workload: string, variant: string, what: "served" | "spans"): number | undefined {
    const proofs = this.workload(workload)?.proofs.filter((proof) => proof.variant === variant) ?? [];
    const sum = (of: "served" | "spans" | "requests"): number => proofs.reduce((all, proof) => all + proof[of], 0);
    return proofs.length === 0 ? undefined : sum(what) / sum("requests");
  }

  #instructionsOf(workload: string, variant: string): InstructionRun | undefined {
    return this.#instructions.find((one) => one.workload === workload && one.variant === variant);
  }

  #paired(
    workload: string,
    variant: string,
    compare: (own: LadderRun["periods"][number], base: LadderRun["periods"][number]) => number,
  ): Summary | undefined {
    const values = paired(this.workload(workload)?.periods ?? [], variant, "untraced", compare);
    return values.length === 0 ? undefined : summary(values);
  }
}

/** The majors of which there are some. */
export function majorsOf(runs: readonly { readonly node: string }[]): string[] {
  const majors = runs.map(({ node }) => majorOf(node));
  return [...new Set(majors)].sort((a, b) => Number(a) - Number(b));
}

/** a / b where both were measured. NaN where b is not above 0, as a difference may be that is lost in noise. */
export function ratio(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return b > 0 ? a / b : Number.NaN;
}

function medianOf(values: readonly number[] | undefined): number | undefined {
  return values === undefined ? undefined : median(values);
}
