// Runs the micro-benchmarks, each figure in a process of its own, tracers by turns.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pinned } from "../child.ts";
import { inTurn } from "../in-turn.ts";
import { versionOf } from "../ladder.ts";
import type { Options } from "../options.ts";
import { program } from "../places.ts";
import { type MicroRun, put, type Results } from "../results.ts";
import { median } from "../statistics.ts";
import { OPERATION_TITLES, TRACERS } from "./operation.ts";

/** Nothing is collected within a sample: its megabytes fit. */
const BYTES_FLAGS = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=256"];

const run = promisify(execFile);

export async function runMicro(options: Options, node: string, results: Results, save: () => void): Promise<void> {
  const version = versionOf(node);
  for (const [operation, title] of Object.entries(OPERATION_TITLES)) {
    const rows: object[] = [];
    const figures = new Map<string, { times: number[]; bytes: number[] }>();
    for (let round = 0; round < options.generations; round++) {
      for (const tracer of inTurn(TRACERS, round)) {
        const of = (what: string, flags: string[]) =>
          measure(node, flags, [tracer, operation, what, String(options.quick)]);
        const time = await of("time", []);
        if (time === undefined) continue;
        const kept = figures.get(tracer) ?? { times: [], bytes: [] };
        figures.set(tracer, kept);
        kept.times.push(time);
        kept.bytes.push((await of("bytes", BYTES_FLAGS))!);
      }
    }
    for (const tracer of TRACERS) {
      const figure = figures.get(tracer);
      if (figure === undefined) continue;
      const row: MicroRun = { operation, tracer, node: version, ...figure };
      put(results.micro, row, ["operation", "tracer", "node"]);
      rows.push({ tracer, ns: median(row.times).toFixed(0), bytes: median(row.bytes).toFixed(0) });
    }
    save();
    console.log(`\n${title} (Node ${version})`);
    console.table(rows);
  }
}

async function measure(node: string, flags: readonly string[], args: string[]): Promise<number | undefined> {
  const [command, all] = pinned("measured", node, [...flags, program("micro/program"), ...args]);
  const { stdout } = await run(command, all, { env: { ...process.env, NODE_ENV: "production" } });
  return stdout.trim() === "none" ? undefined : Number(stdout);
}
