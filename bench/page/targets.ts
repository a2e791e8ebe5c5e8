// What the project has promised itself, and whether the results keep it.

import { quantile } from "../statistics.ts";
import { type Figures, ratio } from "./figures.ts";

export interface Target {
  readonly what: string;
  /** As the page says it. */
  readonly promise: string;
  /** What was measured; undefined where it was not, NaN where it is lost in noise. */
  readonly figure: (figures: Figures) => number | undefined;
  readonly isMet: (figure: number, major: string) => boolean;
  readonly unit?: string;
  /** The workloads whose rounds it is of, none for repeated footprints: then it is told how far they decide. Undefined where nothing was measured in turns. */
  readonly rounds?: readonly string[] | undefined;
}

type Measured = Pick<Target, "figure" | "rounds">;

/** The share of the draws that is told. */
const SHARE = 0.9;

export type Interval = readonly [low: number, high: number];

/**
 * Where nine of ten draws of the rounds have a target's figure: the spread within one run. Undefined where it is not of rounds; "unknown" where one
 * set of processes is all there is, or the draws get lost in noise.
 */
export function intervalOf({ figure, rounds }: Target, figures: Figures): Interval | "unknown" | undefined {
  if (rounds === undefined) return undefined;
  if (rounds.some((workload) => figures.generations(workload) < 2)) return "unknown";
  const drawn = figures.draws().map((draw) => figure(draw) ?? Number.NaN);
  const values = drawn.filter((value) => !Number.isNaN(value));
  if (values.length < drawn.length * SHARE) return "unknown";
  return [quantile(values, (1 - SHARE) / 2), quantile(values, (1 + SHARE) / 2)];
}

const added = (workload: string, variant: string) => (figures: Figures) => figures.added(workload, variant)?.median;

function addedRatio(workload: string, variant: string, other: string): Measured {
  const figure: Target["figure"] = (figures) =>
    ratio(added(workload, variant)(figures), added(workload, other)(figures));
  return { figure, rounds: [workload] };
}

function instructionsRatio(variant: string, other: string): Measured {
  return { figure: (figures) => ratio(figures.addedCount("hello", variant), figures.addedCount("hello", other)) };
}

function throughput(workload: string): Measured {
  return { figure: (figures) => figures.throughput(workload, "ours")?.median, rounds: [workload] };
}

function footprintRatio(measure: string, variant: string, other: string): Measured {
  const figure: Target["figure"] = (figures) =>
    ratio(figures.footprintMedian(measure, variant), figures.footprintMedian(measure, other));
  return { figure, rounds: [] };
}

/** What ours adds to a workload's request. */
type Cost = (figures: Figures, workload: string) => number | undefined;

const microseconds: Cost = (figures, workload) => added(workload, "ours")(figures);
const instructions: Cost = (figures, workload) => figures.addedCount(workload, "ours");

/** The highest of some workloads' costs over the lowest. */
function spread(family: string, sizes: readonly number[], cost: Cost): Measured {
  const workloads = sizes.map((n) => `${family}-${n}`);
  const figure: Target["figure"] = (figures) => highestOverLowest(workloads.map((workload) => cost(figures, workload)));
  return { figure, rounds: cost === microseconds ? workloads : undefined };
}

/** The same of what each span within spans adds to a request with one. */
function depthSpread(cost: Cost): Measured {
  const sizes = [10, 100, 1000];
  const figure: Target["figure"] = (figures) => {
    const first = cost(figures, "depth-1");
    const values = sizes.map((n) => {
      const all = cost(figures, `depth-${n}`);
      return all === undefined || first === undefined ? undefined : (all - first) / (n - 1);
    });
    return highestOverLowest(values);
  };
  return { figure, rounds: cost === microseconds ? [1, ...sizes].map((n) => `depth-${n}`) : undefined };
}

function highestOverLowest(values: readonly (number | undefined)[]): number | undefined {
  if (values.some((value) => value === undefined)) return undefined;
  if (values.some((value) => value! <= 0)) return Number.NaN;
  return Math.max(...(values as number[])) / Math.min(...(values as number[]));
}

const atMost =
  (limit: number) =>
  (figure: number): boolean =>
    figure <= limit;
const atLeast =
  (limit: number, from24 = limit) =>
  (figure: number, major: string): boolean =>
    figure >= (Number(major) >= 24 ? from24 : limit);

const HELLO = "CPU added to a hello";

export const TARGETS: readonly Target[] = [
  {
    what: HELLO,
    promise: "at most 1/8 of OpenTelemetry's",
    ...addedRatio("hello", "ours", "opentelemetry"),
    isMet: atMost(1 / 8),
  },
  {
    what: HELLO,
    promise: "at most 1/5 of dd-trace's",
    ...addedRatio("hello", "ours", "datadog"),
    isMet: atMost(1 / 5),
  },
  {
    what: HELLO,
    promise: "at most 1.5 of the floor's",
    ...addedRatio("hello", "ours", "floor"),
    isMet: atMost(1.5),
  },
  {
    what: `${HELLO}, in instructions`,
    promise: "at most 1/8 of OpenTelemetry's",
    ...instructionsRatio("ours", "opentelemetry"),
    isMet: atMost(1 / 8),
  },
  {
    what: `${HELLO}, in instructions`,
    promise: "at most 1/5 of dd-trace's",
    ...instructionsRatio("ours", "datadog"),
    isMet: atMost(1 / 5),
  },
  {
    what: `${HELLO}, in instructions`,
    promise: "at most 1.5 of the floor's",
    ...instructionsRatio("ours", "floor"),
    isMet: atMost(1.5),
  },
  {
    what: `${HELLO}, unsampled`,
    promise: "at most 1/3 of sampled",
    ...addedRatio("hello", "unsampled", "ours"),
    isMet: atMost(1 / 3),
  },
  {
    what: `${HELLO}, unsampled, in instructions`,
    promise: "at most 1/3 of sampled",
    ...instructionsRatio("unsampled", "ours"),
    isMet: atMost(1 / 3),
  },
  {
    what: "throughput of hello",
    promise: "at least 0.75 of untraced, 0.80 from Node 24 on",
    ...throughput("hello"),
    isMet: atLeast(0.75, 0.8),
  },
  {
    what: "throughput of Fastify",
    promise: "at least 0.75 of untraced",
    ...throughput("fastify"),
    isMet: atLeast(0.75),
  },
  {
    what: "throughput of Express",
    promise: "at least 0.92 of untraced",
    ...throughput("express"),
    isMet: atLeast(0.92),
  },
  {
    what: "CPU added to a handler with fetch and http.request",
    promise: "at most 1/5 of OpenTelemetry's",
    ...addedRatio("clients", "ours", "opentelemetry-full"),
    isMet: atMost(1 / 5),
  },
  {
    what: "the same in instructions, each with a handler of its own",
    promise: "at most 1/5 of OpenTelemetry's",
    figure: (figures) => ratio(clientInstructions(figures, "ours"), clientInstructions(figures, "opentelemetry-full")),
    isMet: atMost(1 / 5),
  },
  {
    what: "a span with 3 tags, encoded",
    promise: "at most 1/5 of OpenTelemetry's",
    figure: (figures) =>
      ratio(figures.operation("span", "ours")?.median, figures.operation("span", "opentelemetry")?.median),
    isMet: atMost(1 / 5),
  },
  {
    what: "a span with 3 tags, encoded",
    promise: "at most 1/3 of dd-trace's",
    figure: (figures) => ratio(figures.operation("span", "ours")?.median, figures.operation("span", "datadog")?.median),
    isMet: atMost(1 / 3),
  },
  {
    what: "heap allocated by tracing a request",
    promise: "at most 1/5 of OpenTelemetry's",
    figure: allocatedRatio,
    rounds: [],
    isMet: atMost(1 / 5),
  },
  {
    what: "resident memory under load",
    promise: "at most 15 MB more than untraced",
    figure: (figures) => figures.memory("hello", "ours")?.median,
    rounds: ["hello"],
    isMet: atMost(15),
    unit: "MB",
  },
  {
    what: "resident memory over many spans",
    promise: "flat: grows by at most 5 MB from the third tenth on",
    figure: growth,
    isMet: atMost(5),
    unit: "MB",
  },
  {
    what: "latency of 99 % at half of the untraced rate",
    promise: "at most 1.1 of untraced",
    ...footprintRatio("latency", "ours", "untraced"),
    isMet: atMost(1.1),
  },
  {
    what: "event loop kept by a flush",
    promise: "under 1 ms",
    figure: (figures) => figures.footprintMedian("event loop", "ours"),
    isMet: (figure) => figure < 1,
    unit: "ms",
  },
  {
    what: "the same, 99 of 100 flushes",
    promise: "under 1 ms",
    figure: (figures) => tail(figures),
    isMet: (figure) => figure < 1,
    unit: "ms",
  },
  {
    what: "CPU of import and start",
    promise: "at most 1/5 of OpenTelemetry's",
    ...footprintRatio("CPU of import", "ours", "opentelemetry"),
    isMet: atMost(1 / 5),
  },
  {
    what: "packages installed",
    promise: "at most 2",
    figure: (figures) => figures.footprintMedian("packages", "ours"),
    isMet: atMost(2),
    unit: "",
  },
  {
    what: "size installed",
    promise: "at most 1.5 MB",
    figure: (figures) => figures.footprintMedian("size", "ours"),
    isMet: atMost(1.5),
    unit: "MB",
  },
  {
    what: "added CPU from 1 to 2,000 concurrent requests",
    promise: "constant: the highest at most 1.5 of the lowest",
    ...spread("concurrency", [1, 16, 256, 2000], microseconds),
    isMet: atMost(1.5),
  },
  {
    what: "the same, in instructions",
    promise: "constant: the highest at most 1.5 of the lowest",
    ...spread("concurrency", [1, 16, 256, 2000], instructions),
    isMet: atMost(1.5),
  },
  {
    what: "added CPU a further span, of 10 to 1,000 nested",
    promise: "constant: the highest at most 1.5 of the lowest",
    ...depthSpread(microseconds),
    isMet: atMost(1.5),
  },
  {
    what: "the same, in instructions",
    promise: "constant: the highest at most 1.5 of the lowest",
    ...depthSpread(instructions),
    isMet: atMost(1.5),
  },
  {
    what: "added CPU from 1 to 4 cluster workers",
    promise: "constant: the highest at most 1.5 of the lowest",
    ...spread("workers", [1, 2, 4], microseconds),
    isMet: atMost(1.5),
  },
];

function clientInstructions(figures: Figures, variant: string): number | undefined {
  const [byFetch, byRequest] = [figures.addedCount("fetch", variant), figures.addedCount("request", variant)];
  return byFetch === undefined || byRequest === undefined ? undefined : byFetch + byRequest;
}

function allocatedRatio(figures: Figures): number | undefined {
  const of = (variant: string): number | undefined => figures.footprintMedian("heap allocated", variant);
  const base = of("untraced");
  const [ours, other] = [of("ours"), of("opentelemetry")];
  if (base === undefined || ours === undefined || other === undefined) return undefined;
  return ratio(ours - base, other - base);
}

/** Of whole runs: quick ones make fewer spans. */
function growth(figures: Figures): number | undefined {
  const values = figures.footprint("resident memory over 5,000,000 spans", "ours");
  return values === undefined ? undefined : Math.max(...values.slice(3)) - values[2]!;
}

function tail(figures: Figures): number | undefined {
  const values = figures.footprint("event loop", "ours");
  return values === undefined ? undefined : quantile(values, 0.99);
}
