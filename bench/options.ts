// What `npm run bench -- ...` understands.

import { parseArgs } from "node:util";
import { OPERATION_TITLES } from "./micro/operation.ts";
import { VARIANTS } from "./variants/variant.ts";
import { WORKLOADS } from "./workloads/workload.ts";

const PARTS = ["ladder", "micro", "footprint", "instructions"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  /** Whether to show only that everything works, in a fraction of the time. Its figures mean little. */
  readonly quick: boolean;
  readonly parts: readonly Part[];
  /** Empty: those that a run has by default. */
  readonly variants: readonly string[];
  readonly workloads: readonly string[];
  /** Of the part micro. Empty: all. */
  readonly operations: readonly string[];
  /** Fresh sets of processes. */
  readonly generations: number;
  /** Periods that each process is measured. */
  readonly rounds: number;
  /** Of one period. */
  readonly seconds: number;
  /** Of load before the first. */
  readonly warmUp: number;
  /** Where results are added to. Undefined: printed only. */
  readonly json: string | undefined;
  /** What the page shall say of the circumstances. */
  readonly note: string | undefined;
  /** Whether to run nothing, and write docs/performance.md. */
  readonly page: boolean;
}

export const USAGE = `npm run bench -- [options]
  --quick                 one generation, one round, a tenth of the time: does everything work?
  --node 20,24            releases of Node (this one)
  --only ladder,micro,footprint,instructions
  --workloads hello,...   --variants untraced,ours,...   --operations span,...
  --generations 3  --rounds 3  --seconds 2  --warm-up 10
  --json FILE             add the results to this file
  --note TEXT             a sentence about the circumstances, for the page
  --page                  run nothing: write docs/performance.md from FILE, or anew from its own results

workloads: ${Object.keys(WORKLOADS).join(", ")}
variants: ${Object.keys(VARIANTS).join(", ")}
operations: ${Object.keys(OPERATION_TITLES).join(", ")}`;

/** @throws Error with the usage for what is not understood */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      node: { type: "string" }, // scripts/bench.mjs has made binaries of it
      only: { type: "string", default: "" },
      variants: { type: "string", default: "" },
      workloads: { type: "string", default: "" },
      operations: { type: "string", default: "" },
      generations: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      "warm-up": { type: "string" },
      json: { type: "string" },
      note: { type: "string" },
      page: { type: "boolean", default: false },
    },
  });
  const { quick } = values;
  return {
    quick,
    parts: values.only === "" ? PARTS : list(values.only).map(partNamed),
    variants: named(values.variants, VARIANTS, "variant"),
    workloads: named(values.workloads, WORKLOADS, "workload"),
    operations: named(values.operations, OPERATION_TITLES, "operation"),
    generations: amount("generations", values.generations, quick ? 1 : 3),
    rounds: amount("rounds", values.rounds, quick ? 1 : 3),
    seconds: amount("seconds", values.seconds, quick ? 1 : 2),
    warmUp: amount("warm-up", values["warm-up"], quick ? 1 : 10),
    json: values.json,
    note: values.note,
    page: values.page,
  };
}

function list(text: string): string[] {
  return text.split(",").filter((name) => name !== "");
}

/** The names, once they are known to exist: a run may take hours before it comes to them. */
function named(text: string, table: Readonly<Record<string, unknown>>, what: string): readonly string[] {
  const names = list(text);
  chosen(names, table, what);
  return names;
}

function partNamed(name: string): Part {
  const part = PARTS.find((one) => one === name);
  if (part === undefined) throw new Error(`--only takes ${PARTS.join(", ")}, not "${name}"`);
  return part;
}

function amount(name: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0, not "${text}"`);
  return value;
}

/** The names that were given, or all. @throws Error for one that does not exist */
export function chosen<K extends string>(
  names: readonly string[],
  table: Readonly<Record<K, unknown>>,
  what: string,
): readonly K[] {
  const known = Object.keys(table) as K[];
  const unknown = names.find((name) => !(known as string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no ${what} "${unknown}"; there are ${known.join(", ")}`);
  return names.length === 0 ? known : (names as readonly K[]);
}
