// Measures what is not the cost of a request: size, start, memory, the event loop, latency, bytes allocated.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Child, pinned, UNCOLLECTED } from "../child.ts";
import type { RequestCost } from "../guard/requests.ts";
import { inTurn } from "../in-turn.ts";
import type { Options } from "../options.ts";
import { peerFolder, program } from "../places.ts";
import { versionOf } from "../release.ts";
import { type FootprintRun, put, type Results } from "../results.ts";
import type { Received } from "../sink/program.ts";
import { median, quantile, summary } from "../statistics.ts";
import { isSilent, VARIANTS } from "../variants/variant.ts";
import { occasion } from "../versions.ts";
import { BATCH, type Flushes, UNCOUNTED } from "./batches.ts";
import { latencies } from "./latency.ts";
import { installedSize, sizeOf } from "./size.ts";

const STARTED = ["untraced", "ours", "floor", "opentelemetry", "opentelemetry-full", "datadog", "sentry", "elastic"];
const ALLOCATING = ["untraced", "unsampled", "ours", "floor", "opentelemetry", "datadog"];

const FLAT = ["ours", "floor"];

const run = promisify(execFile);

/** Writes down what was measured, and prints it: a value of each set of fresh processes. */
type Note = (measure: string, variant: string, unit: string, values: readonly number[]) => void;
/** Runs a program of this benchmark, and answers what it prints at the end. */
type Output = <T>(name: string, args: readonly unknown[], flags?: readonly string[], isPinned?: boolean) => Promise<T>;

export async function runFootprint(options: Options, node: string, results: Results, save: () => void): Promise<void> {
  const version = versionOf(node);

  function note(measure: string, variant: string, unit: string, values: readonly number[]): void {
    const row: FootprintRun = { measure, variant, node: version, ...occasion, unit, values };
    put(results.footprint, row, ["measure", "variant"]);
    const { median: middle, lowest, highest } = summary(values);
    console.log(`${measure}, ${variant}: ${middle.toFixed(3)} ${unit} (${lowest.toFixed(3)} to ${highest.toFixed(3)})`);
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
  measureSizes(version, note);
  await measureStarts(options, output, note);
  await measureAllocation(options, output, note);
  const sink = await Sink.start();
  await measureMemory(options, output, note, sink);
  await measureFlushes(options, output, note, sink);
  await sink.end();
  const { counted, answered, late, disturbed } = await latencies(options, node);
  for (const [variant, values] of counted) note("latency at half of the untraced rate, 99 %", variant, "ms", values);
  for (const [variant, values] of answered) note("answered of half of the untraced rate", variant, "%", values);
  for (const [variant, values] of late) note("of which the load itself was late, 99 %", variant, "ms", values);
  for (const [variant, values] of disturbed) note("latencies measured again", variant, "ms", values);
}

function measureSizes(version: string, note: Note): void {
  const own = installedSize();
  note("packages installed", "ours", "packages", [own.packages]);
  note("size installed", "ours", "MB", [own.megabytes]);
  for (const variant of ["opentelemetry-full", "datadog", "sentry", "elastic"]) {
    const size = sizeOf(peerFolder(VARIANTS[variant]!.peer![0], version));
    note("packages installed", variant, "packages", [size.packages]);
    note("size installed", variant, "MB", [size.megabytes]);
  }
}

async function measureStarts(options: Options, output: Output, note: Note): Promise<void> {
  const starts = new Map<string, number[]>(STARTED.map((variant) => [variant, []]));
  for (let i = 0; i < options.generations * options.rounds; i++) {
    for (const variant of inTurn(STARTED, i))
      starts.get(variant)!.push(await output<number>("footprint/start", [variant]));
  }
  for (const [variant, values] of starts) note("CPU of import and start", variant, "ms", values);
}

async function measureAllocation(options: Options, output: Output, note: Note): Promise<void> {
  const allocated = new Map<string, number[]>(ALLOCATING.map((variant) => [variant, []]));
  for (let i = 0; i < options.generations; i++) {
    for (const variant of inTurn(ALLOCATING, i)) {
      const { medianBytes, posted } = await output<RequestCost>(
        "guard/requests",
        [variant, "hello", "20"],
        UNCOLLECTED,
      );
      if (posted > 0 === isSilent(variant)) throw new Error(`${variant} posted ${posted} bytes`);
      allocated.get(variant)!.push(medianBytes);
    }
  }
  for (const [variant, values] of allocated) note("heap allocated a request", variant, "bytes", values);
}

async function measureMemory(options: Options, output: Output, note: Note, sink: Sink): Promise<void> {
  const spans = options.quick ? 500_000 : 5_000_000;
  const tenths = new Map<string, number[][]>(FLAT.map((variant) => [variant, []]));
  for (let i = 0; i < options.generations; i++) {
    for (const variant of inTurn(FLAT, i)) {
      const resident = await output<number[]>("footprint/memory", [variant, sink.port, spans]);
      await sink.expect(spans);
      tenths.get(variant)!.push(resident.map((one) => one / 2 ** 20));
    }
  }
  const over = `over ${spans.toLocaleString("en")} spans`;
  for (const [variant, runs] of tenths) {
    note(
      `highest resident memory ${over}`,
      variant,
      "MB",
      runs.map((resident) => Math.max(...resident)),
    );
    note(`growth of resident memory from the third tenth on, ${over}`, variant, "MB", runs.map(growth));
  }
}

/** Of ten values: by how much the highest of those after the third is above it. */
function growth(resident: readonly number[]): number {
  return Math.max(...resident.slice(3)) - resident[2]!;
}

async function measureFlushes(options: Options, output: Output, note: Note, sink: Sink): Promise<void> {
  const flushes: number[][] = [];
  const again: number[] = [];
  for (let i = 0; i < options.generations; i++) {
    // On any core: on one alone, V8's other threads, which compile while the process is young, take turns with the event loop.
    const own = await output<Flushes>("footprint/flush", [sink.port, options.quick ? 50 : 300], [], false);
    await sink.expect((own.counted.length + own.disturbed.length + UNCOUNTED) * BATCH);
    flushes.push(own.counted);
    again.push(...own.disturbed);
  }
  note("event loop kept by a flush, the median", "ours", "ms", flushes.map(median));
  note(
    "event loop kept by a flush, 99 of 100",
    "ours",
    "ms",
    flushes.map((one) => quantile(one, 0.99)),
  );
  note(
    "event loop kept by a flush, the longest",
    "ours",
    "ms",
    flushes.map((one) => Math.max(...one)),
  );
  if (again.length > 0) note("flushes measured again", "ours", "ms", again);
}

/** A back end that counts what comes. */
class Sink {
  readonly port: number;
  readonly #child: Child;
  #spans = 0;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Sink> {
    const child = new Child("serving", "sink/program", { args: ["1"] });
    const [port] = await child.answer<number[]>();
    return new Sink(child, port!);
  }

  /** @throws Error where not exactly so many spans have come since it was asked last */
  async expect(spans: number): Promise<void> {
    const [received] = await this.#child.ask<Received[]>("received");
    const came = received!.spans - this.#spans;
    this.#spans = received!.spans;
    if (came !== spans) throw new Error(`${came} spans came of ${spans}`);
  }

  async end(): Promise<void> {
    await this.#child.end();
  }
}
