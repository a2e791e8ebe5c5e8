// The measured process where it is a cluster: starts workers that are servers, and adds up what they say. `node cluster.js WORKERS ...`

import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { program } from "./places.ts";
import type { Snapshot } from "./server.ts";

const [count, ...args] = process.argv.slice(2);
cluster.setupPrimary({ exec: program("server"), args });
const workers: Worker[] = Array.from({ length: Number(count) }, () => cluster.fork());
const ports = await Promise.all(workers.map((worker) => answerOf<number>(worker)));
process.send?.(ports[0]);

process.on("disconnect", () => cluster.disconnect(() => process.exit(0)));
process.on("message", async (message) => {
  if (message !== "snapshot") return;
  const { user, system } = process.cpuUsage();
  const sum = { requests: 0, cpu: user + system, memory: process.memoryUsage.rss(), reported: 0 };
  for (const worker of workers) {
    const answer = answerOf<Snapshot>(worker);
    worker.send("snapshot");
    const { requests, cpu, memory, reported = 0 } = await answer;
    sum.requests += requests;
    sum.cpu += cpu;
    sum.memory += memory;
    sum.reported += reported;
  }
  process.send?.(sum);
});

async function answerOf<T>(worker: Worker): Promise<T> {
  const [message] = await once(worker, "message");
  return message as T;
}
