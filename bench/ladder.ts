// The ladder: every variant on every workload, in several generations, and a table of what tracing added.

import { runGeneration, secondsOf } from "./generation.ts";
import { loadTool } from "./load/load.ts";
import { chosen, type Options } from "./options.ts";
import { versionOf } from "./release.ts";
import { type LadderPeriod, type LadderRun, type Proof, put, type Results } from "./results.ts";
import { paired, summary } from "./statistics.ts";
import { VARIANTS } from "./variants/variant.ts";
import { occasion } from "./versions.ts";
import { WORKLOADS } from "./workloads/workload.ts";

/** What all others are compared with, asked for or not. */
const BASE = "untraced";

/**
 * Runs what the options choose on one Node, adds it to the results after each workload, and prints it. A workload that fails is
 * told, adds nothing, and keeps no other from being run.
 */
export async function runLadder(options: Options, node: string, results: Results, save: () => void): Promise<void> {
  for (const name of chosen(options.workloads, WORKLOADS, "workload")) {
    const own = WORKLOADS[name]!.variants ?? Object.keys(VARIANTS);
    const asked = options.variants.length === 0 ? own : chosen(options.variants, VARIANTS, "variant");
    const variants = asked.includes(BASE) ? asked : [BASE, ...asked];
    try {
      const run = await measured(name, variants, options, node);
      put(results.ladder, run, ["workload"]);
      save();
      print(run);
    } catch (error) {
      console.error(`\n${name} failed on Node ${versionOf(node)}: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
}

async function measured(name: string, variants: readonly string[], options: Options, node: string): Promise<LadderRun> {
  const workload = WORKLOADS[name]!;
  const periods: LadderPeriod[] = [];
  const proofs: Proof[] = [];
  for (let generation = 0; generation < options.generations; generation++) {
    const one = await runGeneration(name, workload, variants, { ...options, generation, node });
    periods.push(...one.periods);
    proofs.push(...one.proofs);
  }
  const load = `${loadTool(workload.rate)}, ${workload.connections} connections`;
  const seconds = secondsOf(workload, options.seconds);
  const { warmUp } = options;
  return { workload: name, node: versionOf(node), load, seconds, warmUp, ...occasion, periods, proofs };
}

function print(run: LadderRun): void {
  console.log(`\n${run.workload}: ${WORKLOADS[run.workload]!.title} (Node ${run.node}, ${run.load})`);
  const variants = [...new Set(run.periods.map(({ variant }) => variant))];
  const rows = variants.map((variant) => {
    const own = run.periods.filter((period) => period.variant === variant);
    const added = summary(paired(run.periods, variant, BASE, (one, base) => one.cpu - base.cpu));
    const throughput = summary(paired(run.periods, variant, BASE, (one, base) => one.rate / base.rate));
    return {
      variant,
      "CPU µs": summary(own.map(({ cpu }) => cpu)).median.toFixed(1),
      "added µs": added.median.toFixed(1),
      "from, to": `${added.lowest.toFixed(1)}, ${added.highest.toFixed(1)}`,
      throughput: throughput.median.toFixed(2),
      "MB resident": (summary(own.map(({ memory }) => memory)).median / 2 ** 20).toFixed(0),
    };
  });
  console.table(rows);
}
