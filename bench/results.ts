// What a run leaves behind: the JSON from which the page is made. Runs of the same thing replace each other.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { majorOf } from "./release.ts";
import type { Period } from "./statistics.ts";

/** One second or so of load on one server process. */
export interface LadderPeriod extends Period {
  readonly requests: number;
  /** Microseconds of CPU of the whole process a request, all threads. */
  readonly cpu: number;
  /** Requests a second, as the load generator counts them. */
  readonly rate: number;
  /** Bytes of resident memory after it. */
  readonly memory: number;
}

/** What one process of a variant sent to its sink, and had to send. */
export interface Proof {
  readonly variant: string;
  readonly generation: number;
  readonly requests: number;
  /** That came to the sink, or that the process itself counted. */
  readonly spans: number;
  /** Spans of served requests among them. */
  readonly served: number;
  readonly bytes: number;
}

/** When something was measured, and what. */
export interface Occasion {
  /** The day: `2026-11-29`. Undefined in results from before it was told. */
  readonly recorded?: string;
  /** The commit that was measured; undefined outside a repository, and in results from before it was told. */
  readonly commit?: string | undefined;
}

/** One workload on one release of Node. */
export interface LadderRun extends Occasion {
  readonly workload: string;
  readonly node: string;
  readonly load: string;
  readonly seconds: number;
  /** Seconds of load before. Undefined in results from before it was told: three. */
  readonly warmUp?: number;
  readonly periods: readonly LadderPeriod[];
  readonly proofs: readonly Proof[];
}

/** One operation by one tracer on one release of Node, in a fresh process each. */
export interface MicroRun extends Occasion {
  readonly operation: string;
  readonly tracer: string;
  readonly node: string;
  /** Nanoseconds of CPU an operation: the median of each process. */
  readonly times: readonly number[];
  /** Bytes of heap an operation, of each process. */
  readonly bytes: readonly number[];
}

/** What a request takes of one variant on one release of Node, counted by Callgrind. */
export interface InstructionRun extends Occasion {
  readonly workload: string;
  readonly variant: string;
  readonly node: string;
  /** Instructions a request: outside the kernel, without V8's compiling and collecting. */
  readonly instructions: readonly number[];
  /** How often a request's next instructions are not in an instruction cache of the first level: 32 KB, 8 ways, lines of 64 bytes. Undefined in results from before they were counted. */
  readonly misses?: readonly number[];
}

/** Something that is no cost of a request: "CPU of import and start", "size installed". */
export interface FootprintRun extends Occasion {
  readonly measure: string;
  readonly variant: string;
  readonly node: string;
  readonly unit: string;
  /** One of each set of fresh processes. */
  readonly values: readonly number[];
}

export interface Results {
  machine: string;
  /** What else must be known of the circumstances, in a sentence: `--note`. */
  note?: string;
  /** Versions of what was compared, by package. */
  versions: Record<string, string>;
  ladder: LadderRun[];
  micro: MicroRun[];
  footprint: FootprintRun[];
  instructions: InstructionRun[];
}

/** The results in a file, or none yet. */
export function readResults(file: string | undefined): Results {
  const none: Results = { machine: "", versions: {}, ladder: [], micro: [], footprint: [], instructions: [] };
  if (file === undefined || !existsSync(file)) return none;
  return { ...none, ...(JSON.parse(readFileSync(file, "utf8")) as Partial<Results>) };
}

export function writeResults(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}

/** Puts a run in the place of the earlier one on the same major release of Node that has the same values under these names, or at the end. */
export function put<R extends { readonly node: string }>(runs: R[], run: R, names: readonly (keyof R)[]): void {
  const major = majorOf(run.node);
  const at = runs.findIndex((one) => majorOf(one.node) === major && names.every((name) => one[name] === run[name]));
  if (at < 0) runs.push(run);
  else runs[at] = run;
}

/** The machine in a line. */
export function machine(): string {
  const [first] = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus().length} x ${first?.model.trim() ?? "unknown"}, ${memory} GB, ${os.type()} ${os.release().split("-")[0]}`;
}
