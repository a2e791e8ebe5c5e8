// How many times as much CPU a span costs as the floor's, measured by turns in one process. The lowest of many tries of either, which
// other processes do not move much. Prints the number.

import { setImmediate as nextTurn } from "node:timers/promises";
import { operations as floor } from "../micro/floor.ts";
import { operations as ours } from "../micro/ours.ts";

const RUNS = 5120;
const TRIES = 60;

const [own, least] = [ours.span!(), floor.span!()];
let [ownTime, leastTime] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
for (let i = 0; i < TRIES; i++) {
  ownTime = Math.min(ownTime, await microseconds(own.run));
  leastTime = Math.min(leastTime, await microseconds(least.run));
}
console.log(ownTime / leastTime);
process.exit(0);

/** Of CPU. Sending is not counted: the floor's is not made. */
async function microseconds(run: () => void): Promise<number> {
  await nextTurn();
  const before = process.cpuUsage();
  for (let i = 0; i < RUNS; i++) run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
