// Runs the micro-benchmarks, each figure in a process of its own, tracers by turns.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pinned, UNCOLLECTED } from "../child.ts";
import { inTurn } from "../in-turn.ts";
import { chosen, type Options } from "../options.ts";
import { program } from "../places.ts";
import { versionOf } from "../release.ts";
import { type MicroRun, put, type Results } from "../results.ts";
import { median } from "../statistics.ts";
import { occasion } from "../versions.ts";
import { OPERATION_TITLES, TRACERS } from "./operation.ts";

const run = promisify(execFile);

export async function runMicro(options: Options, node: string, results: Results, save: () => void): Promise<void> {
  const version = versionOf(node);
  for (const operation of chosen(options.operations, OPERATION_TITLES, "operation")) {
    const rows: object[] = [];
    const figures = new Map<string, { times: number[]; bytes: number[] }>();
    for (let round = 0; round < options.generations; round++) {
      for (const tracer of inTurn(TRACERS, round)) {
        const of = (what: string, flags: readonly string[]) =>
          measure(node, flags, [tracer, operation, what, String(options.quick)]);
        const time = await of("time", []);
        if (time === undefined) continue;
        const kept = figures.get(tracer) ?? { times: [], bytes: [] };
        figures.set(tracer, kept);
        kept.times.push(time);
        kept.bytes.push((await of("bytes", UNCOLLECTED))!);
      }
    }
    for (const tracer of TRACERS) {
      const figure = figures.get(tracer);
      if (figure === undefined) continue;
      const row: MicroRun = { operation, tracer, node: version, ...occasion, ...figure };
      put(results.micro, row, ["operation", "tracer"]);
      rows.push({ tracer, ns: median(row.times).toFixed(0), bytes: median(row.bytes).toFixed(0) });
    }
    save();
    console.log(`\n${OPERATION_TITLES[operation]} (Node ${version})`);
    console.table(rows);
  }
}

async function measure(node: string, flags: readonly string[], args: string[]): Promise<number | undefined> {
  const [command, all] = pinned("measured", node, [...flags, program("micro/program"), ...args]);
  const { stdout } = await run(command, all, { env: { ...process.env, NODE_ENV: "production" } });
  return stdout.trim() === "none" ? undefined : Number(stdout);
}
