// The measured process: starts one variant of tracing, then serves one workload. `node server.js VARIANT WORKLOAD SINK UPSTREAM`

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Started } from "./variants/variant.ts";
import type { Serve } from "./workloads/workload.ts";

/** What the process says of itself when asked. */
export interface Snapshot {
  readonly requests: number;
  /** Microseconds of CPU since its start, all threads. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Of a variant that counts its spans itself. */
  readonly reported?: number | undefined;
}

const [variant, file, sink, upstream, option] = process.argv.slice(2);
// The variant before anything that it may want to patch is loaded.
const { start } = (await import(`./variants/${variant}.js`)) as { start(sink: number): Started | Promise<Started> };
const started = await start(Number(sink));
const { serve } = (await import(`./workloads/${file}.js`)) as { serve: Serve };

let requests = 0;
const server: Server = await serve({
  upstream: Number(upstream),
  option: Number(option),
  started,
  count: () => requests++,
});
server.on("listening", () => process.send?.((server.address() as AddressInfo).port));
server.listen(0, "127.0.0.1", 4096);

process.on("disconnect", () => process.exit(0));
process.on("message", (message) => {
  if (message === "snapshot") process.send?.(snapshot());
});

function snapshot(): Snapshot {
  const { user, system } = process.cpuUsage();
  return { requests, cpu: user + system, memory: process.memoryUsage.rss(), reported: started.reported?.() };
}
