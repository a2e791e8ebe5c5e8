// What the project has promised itself, and whether the results keep it.

import { quantile } from "../statistics.ts";
import { type Figures, ratio } from "./figures.ts";

export interface Target {
  readonly what: string;
  /** As the page says it. */
  readonly promise: string;
  /** What was measured; undefined where it was not, NaN where it is lost in noise. */
  readonly figure: (figures: Figures) => number | undefined;
  /** In how many sets of fresh processes. Undefined for what is the same each time. */
  readonly sets?: (figures: Figures) => number;
  readonly isMet: (figure: number, major: string) => boolean;
  readonly unit?: string;
}

type Measured = Required<Pick<Target, "figure" | "sets">>;

/** Sets of fresh processes from which on a run decides. */
const DECIDING = 3;
/** The share of the draws that is told. */
const SHARE = 0.9;

export type Interval = readonly [low: number, high: number];

/**
 * Where nine of ten draws of what was measured have a target's figure: the spread within one run. Undefined for what is the same each time; "unknown"
 * where there are fewer sets of processes than decide, or draws get lost in noise.
 */
export function intervalOf({ figure, sets }: Target, figures: Figures): Interval | "unknown" | undefined {
  if (sets === undefined) return undefined;
  if (sets(figures) < DECIDING) return "unknown";
  const drawn = figures.draws().map((draw) => figure(draw) ?? Number.NaN);
  // A ratio gets lost in noise where what it is divided by is near zero: it belongs above all others.
  const values = drawn.map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value));
  const high = quantile(values, (1 + SHARE) / 2);
  return Number.isFinite(high) ? [quantile(values, (1 - SHARE) / 2), high] : "unknown";
}

const added = (workload: string, variant: string) => (figures: Figures) => figures.added(workload, variant)?.median;

function addedRatio(workload: string, variant: string, other: string): Measured {
  return {
    figure: (figures) => ratio(added(workload, variant)(figures), added(workload, other)(figures)),
    sets: (figures) => figures.generations(workload),
  };
}

function instructionsRatio(variant: string, other: string): Measured {
  return {
    figure: (figures) => ratio(figures.addedCount("hello", variant), figures.addedCount("hello", other)),
    sets: fewest((figures) => ["untraced", variant, other].map((one) => figures.counts("hello", one))),
  };
}

function throughput(workload: string): Measured {
  return {
    figure: (figures) => figures.throughput(workload, "ours")?.median,
    sets: (figures) => figures.generations(workload),
  };
}

function operationRatio(operation: string, other: string): Measured {
  return {
    figure: (figures) =>
      ratio(figures.operation(operation, "ours")?.median, figures.operation(operation, other)?.median),
    sets: fewest((figures) => ["ours", other].map((tracer) => figures.timings(operation, tracer))),
  };
}

function footprintOf(measure: string): Measured {
  return {
    figure: (figures) => figures.footprintMedian(measure, "ours"),
    sets: (figures) => figures.footprint(measure, "ours")?.length ?? 0,
  };
}

function footprintRatio(measure: string, other: string): Measured {
  return {
    figure: (figures) => ratio(figures.footprintMedian(measure, "ours"), figures.footprintMedian(measure, other)),
    sets: fewest((figures) => ["ours", other].map((one) => figures.footprint(measure, one)?.length ?? 0)),
  };
}

function fewest(all: (figures: Figures) => number[]): Measured["sets"] {
  return (figures) => Math.min(...all(figures));
}

/** What ours adds to a workload's request, and in how many sets of processes that was measured. */
interface Cost {
  readonly of: (figures: Figures, workload: string) => number | undefined;
  readonly sets: (figures: Figures, workload: string) => number;
}

const microseconds: Cost = {
  of: (figures, workload) => added(workload, "ours")(figures),
  sets: (figures, workload) => figures.generations(workload),
};
const instructions: Cost = {
  of: (figures, workload) => figures.addedCount(workload, "ours"),
  sets: (figures, workload) => Math.min(...["untraced", "ours"].map((one) => figures.counts(workload, one))),
};

/** The highest of some workloads' costs over the lowest. */
function spread(family: string, sizes: readonly number[], cost: Cost): Measured {
  const workloads = sizes.map((n) => `${family}-${n}`);
  return {
    figure: (figures) => highestOverLowest(workloads.map((workload) => cost.of(figures, workload))),
    sets: fewest((figures) => workloads.map((workload) => cost.sets(figures, workload))),
  };
}

/** The same of what each span within spans adds to a request with one. */
function depthSpread(cost: Cost): Measured {
  const sizes = [10, 100, 1000];
  const figure: Target["figure"] = (figures) => {
    const first = cost.of(figures, "depth-1");
    const values = sizes.map((n) => {
      const all = cost.of(figures, `depth-${n}`);
      return all === undefined || first === undefined ? undefined : (all - first) / (n - 1);
    });
    return highestOverLowest(values);
  };
  return { figure, sets: fewest((figures) => [1, ...sizes].map((n) => cost.sets(figures, `depth-${n}`))) };
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
    sets: fewest((figures) =>
      ["fetch", "request"].flatMap((workload) =>
        ["untraced", "ours", "opentelemetry-full"].map((variant) => figures.counts(workload, variant)),
      ),
    ),
    isMet: atMost(1 / 5),
  },
  {
    what: "a span with 3 tags, encoded",
    promise: "at most 1/5 of OpenTelemetry's",
    ...operationRatio("span", "opentelemetry"),
    isMet: atMost(1 / 5),
  },
  {
    what: "a span with 3 tags, encoded",
    promise: "at most 1/3 of dd-trace's",
    ...operationRatio("span", "datadog"),
    isMet: atMost(1 / 3),
  },
  {
    what: "heap allocated by tracing a request",
    promise: "at most 1/5 of OpenTelemetry's",
    figure: allocatedRatio,
    sets: fewest((figures) =>
      ["untraced", "ours", "opentelemetry"].map(
        (one) => figures.footprint("heap allocated a request", one)?.length ?? 0,
      ),
    ),
    isMet: atMost(1 / 5),
  },
  {
    what: "resident memory under load",
    promise: "at most 15 MB more than untraced",
    figure: (figures) => figures.memory("hello", "ours")?.median,
    sets: (figures) => figures.generations("hello"),
    isMet: atMost(15),
    unit: "MB",
  },
  {
    what: "resident memory over many spans",
    promise: "flat: grows by at most 5 MB from the third tenth on",
    // Of whole runs: quick ones make fewer spans.
    ...footprintOf("growth of resident memory from the third tenth on, over 5,000,000 spans"),
    isMet: atMost(5),
    unit: "MB",
  },
  {
    what: "latency of 99 % at half of the untraced rate",
    promise: "at most 1.1 of untraced",
    ...footprintRatio("latency at half of the untraced rate, 99 %", "untraced"),
    isMet: atMost(1.1),
  },
  {
    what: "event loop kept by a flush",
    promise: "under 1 ms",
    ...footprintOf("event loop kept by a flush, the median"),
    isMet: (figure) => figure < 1,
    unit: "ms",
  },
  {
    what: "the same, 99 of 100 flushes",
    promise: "under 1 ms",
    ...footprintOf("event loop kept by a flush, 99 of 100"),
    isMet: (figure) => figure < 1,
    unit: "ms",
  },
  {
    what: "the same, the longest of 300",
    promise: "under 1 ms",
    ...footprintOf("event loop kept by a flush, the longest"),
    isMet: (figure) => figure < 1,
    unit: "ms",
  },
  {
    what: "CPU of import and start",
    promise: "at most 1/5 of OpenTelemetry's",
    ...footprintRatio("CPU of import and start", "opentelemetry"),
    isMet: atMost(1 / 5),
  },
  {
    what: "packages installed",
    promise: "at most 2",
    figure: (figures) => figures.footprintMedian("packages installed", "ours"),
    isMet: atMost(2),
    unit: "",
  },
  {
    what: "size installed",
    promise: "at most 1.5 MB",
    figure: (figures) => figures.footprintMedian("size installed", "ours"),
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
  const of = (variant: string): number | undefined => figures.footprintMedian("heap allocated a request", variant);
  const base = of("untraced");
  const [ours, other] = [of("ours"), of("opentelemetry")];
  if (base === undefined || ours === undefined || other === undefined) return undefined;
  return ratio(ours - base, other - base);
}
