// Measures one operation of one tracer in this process: `node micro/program.js TRACER OPERATION time|bytes QUICK`. Prints the figure, or
// "none" where the tracer has no such operation.

import { setImmediate as nextTurn } from "node:timers/promises";
import { median } from "../statistics.ts";
import type { Operation, OperationName, Operations } from "./operation.ts";

/** Runs between two turns of the event loop, in which tracers send. */
const CHUNK = 200;
/** Runs before bytes are counted. */
const WARM_UP = 40_000;

/** What was made last. */
let made: unknown;

const [tracer, name, what, quick] = process.argv.slice(2);
const { operations } = (await import(`./${tracer}.js`)) as { operations: Operations };
const operation = operations[name as OperationName]?.();
if (operation === undefined) console.log("none");
else console.log(what === "time" ? await nanoseconds(operation) : await bytes(operation));
process.exit(0);

async function nanoseconds({ run, per = 1, prove }: Operation): Promise<number> {
  const scale = quick === "true" ? 0.1 : 1;
  let runs = 0;
  const period = async (milliseconds: number): Promise<number> => {
    const started = performance.now();
    const cpu = process.cpuUsage();
    const before = runs;
    for (;;) {
      for (let i = 0; i < CHUNK / Math.min(per, 100); i++) made = run();
      runs += CHUNK / Math.min(per, 100);
      // Inside the measured time: what tracers do then belongs to the operation.
      await nextTurn();
      if (performance.now() - started < milliseconds) continue;
      const { user, system } = process.cpuUsage(cpu);
      return ((user + system) * 1000) / ((runs - before) * per);
    }
  };
  await period(1000 * scale);
  const samples: number[] = [];
  for (let i = 0; i < 9; i++) samples.push(await period(150 * scale));
  prove(runs, made);
  return median(samples);
}

/** Bytes of heap a run, where the young generation is so large that nothing is collected in between. */
async function bytes({ run, per = 1, prove }: Operation): Promise<number> {
  const runs = Math.ceil(2000 / per);
  for (let i = 0; i < WARM_UP / per; i++) {
    made = run();
    if (i % CHUNK === 0) await nextTurn();
  }
  const samples: number[] = [];
  for (let sample = 0; sample < 9; sample++) {
    await nextTurn();
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let i = 1; i <= runs; i++) {
      made = run();
      // Inside the sample, as it is inside the time: a batch that is full waits for its turn.
      if (i % CHUNK === 0) await nextTurn();
    }
    samples.push((process.memoryUsage().heapUsed - before) / (runs * per));
  }
  await nextTurn();
  prove(WARM_UP / per + samples.length * runs, made);
  return median(samples);
}
