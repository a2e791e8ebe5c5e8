// Measures what is not the cost of a request: size, start, memory, the event loop, latency, bytes allocated.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Child, pinned } from "../child.ts";
import type { RequestCost } from "../guard/requests.ts";
import { inTurn } from "../in-turn.ts";
import { versionOf } from "../ladder.ts";
import type { Options } from "../options.ts";
import { peerFolder, program } from "../places.ts";
import { type FootprintRun, put, type Results } from "../results.ts";
import type { Received } from "../sink/program.ts";
import { summary } from "../statistics.ts";
import { isSilent } from "../variants/variant.ts";
import { BATCH, UNCOUNTED } from "./batches.ts";
import { latencies } from "./latency.ts";
import { installedSize, sizeOf } from "./size.ts";

const STARTED = ["untraced", "ours", "floor", "opentelemetry", "opentelemetry-full", "datadog", "sentry", "elastic"];
const ALLOCATING = ["untraced", "unsampled", "ours", "floor", "opentelemetry", "datadog"];
/** A period's megabytes fit into the young generation, so that nothing is collected in it. */
const LARGE = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=256"];

const run = promisify(execFile);

export async function runFootprint(options: Options, node: string, results: Results, save: () => void): Promise<void> {
  const version = versionOf(node);

  function note(measure: string, variant: string, unit: string, values: readonly number[]): void {
    const row: FootprintRun = { measure, variant, node: version, unit, values };
    put(results.footprint, row, ["measure", "variant", "node"]);
    const { median, lowest, highest } = summary(values);
    console.log(`${measure}, ${variant}: ${median.toFixed(3)} ${unit} (${lowest.toFixed(3)} to ${highest.toFixed(3)})`);
    save();
  }

  async function output<T>(
    name: string,
    args: readonly unknown[],
    flags: readonly string[] = [],
    isPinned = true,
  ): Promise<T> {
    const own = [...flags, program(name), ...args.map(String)];
    const [command, all] = isPinned ? pinned("measured", node, own) : [node, own];
    const { stdout } = await run(command, all, { env: { ...process.env, NODE_ENV: "production" } });
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
  }

  console.log(`\nfootprint (Node ${version})`);
  const own = installedSize();
  note("packages installed", "ours", "packages", [own.packages]);
  note("size installed", "ours", "MB", [own.megabytes]);
  for (const peer of ["opentelemetry", "datadog", "sentry", "elastic"] as const) {
    const size = sizeOf(peerFolder(peer, version));
    note("packages installed", peer, "packages", [size.packages]);
    note("size installed", peer, "MB", [size.megabytes]);
  }

  const starts = new Map<string, number[]>(STARTED.map((variant) => [variant, []]));
  for (let i = 0; i < options.generations * options.rounds; i++) {
    for (const variant of inTurn(STARTED, i))
      starts.get(variant)!.push(await output<number>("footprint/start", [variant]));
  }
  for (const [variant, values] of starts) note("CPU of import and start", variant, "ms", values);

  const allocated = new Map<string, number[]>(ALLOCATING.map((variant) => [variant, []]));
  for (let i = 0; i < options.generations; i++) {
    for (const variant of inTurn(ALLOCATING, i)) {
      const { medianBytes, posted } = await output<RequestCost>("guard/requests", [variant, "hello", "20"], LARGE);
      if (posted > 0 === isSilent(variant)) throw new Error(`${variant} posted ${posted} bytes`);
      allocated.get(variant)!.push(medianBytes);
    }
  }
  for (const [variant, values] of allocated) note("heap allocated a request", variant, "bytes", values);

  const sink = new Child("serving", "sink/program", { args: ["1"] });
  const [port] = await sink.answer<number[]>();
  const spans = options.quick ? 500_000 : 5_000_000;
  for (const [i, variant] of ["ours", "floor"].entries()) {
    const resident = await output<number[]>("footprint/memory", [variant, port, spans]);
    await proveArrival(sink, (i + 1) * spans);
    const megabytes = resident.map((one) => one / 2 ** 20);
    note(`resident memory over ${spans.toLocaleString("en")} spans`, variant, "MB", megabytes);
  }
  // On any core: on one alone, V8's other threads, which compile while the process is young, take turns with the event loop.
  const flushes = await output<number[]>("footprint/flush", [port, options.quick ? 50 : 300], [], false);
  await proveArrival(sink, 2 * spans + (flushes.length + UNCOUNTED) * BATCH);
  note("event loop kept by a flush", "ours", "ms", flushes);
  await sink.end();

  const { counted, disturbed } = await latencies(options, node);
  for (const [variant, values] of counted) note("latency at half of the untraced rate, 99 %", variant, "ms", values);
  for (const [variant, values] of disturbed)
    note("measured again: the host took the processors", variant, "ms", values);
}

/** @throws Error where another number of spans has come to a sink by now */
async function proveArrival(sink: Child, spans: number): Promise<void> {
  const [received] = await sink.ask<Received[]>("received");
  if (received!.spans !== spans) throw new Error(`${received!.spans} spans came of ${spans}`);
}
