// Counts the bytes of heap that each operation of a tracer takes, with the flags of guard/measure.ts. Prints JSON.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { OperationName } from "../micro/operation.ts";
import { operations } from "../micro/ours.ts";

export type OperationCost = Partial<Record<OperationName, number>>;

/** Four batches of spans. */
const RUNS = 2048;
const PERIODS = 9;

const cost: OperationCost = {};
for (const name of ["span", "active", "inject", "extract"] as const) {
  const { run } = operations[name]!();
  const samples: number[] = [];
  for (let i = 0; i < PERIODS + 3; i++) {
    await nextTurn();
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let j = 0; j < RUNS; j++) run();
    samples.push((process.memoryUsage().heapUsed - before) / RUNS);
  }
  cost[name] = Math.min(...samples.slice(3));
}
console.log(JSON.stringify(cost));
process.exit(0);
