// Makes docs/performance.md and its plots from results. The words are here, the figures are theirs.

import { OPERATION_TITLES, TRACERS } from "../micro/operation.ts";
import { majorOf } from "../release.ts";
import type { LadderRun, Occasion, Results } from "../results.ts";
import { median, type Summary } from "../statistics.ts";
import { isSilent, VARIANTS } from "../variants/variant.ts";
import { FAMILIES, familyOf, WORKLOADS } from "../workloads/workload.ts";
import { Figures, majorsOf, ratio } from "./figures.ts";
import { plot, type Row } from "./plot.ts";
import { intervalOf, TARGETS, type Target } from "./targets.ts";

export interface Page {
  readonly markdown: string;
  /** SVG text by the name of the workload, or of the family of workloads that differ in a number. */
  readonly plots: ReadonlyMap<string, string>;
}

export function makePage(results: Results): Page {
  const { ladder, micro, footprint, instructions } = results;
  const releases = majorsOf([...ladder, ...micro, ...footprint, ...instructions]).map((major) => ({
    major,
    figures: new Figures(results, major),
  }));
  const plots = new Map<string, string>();
  const workloads = Object.keys(WORKLOADS).filter((name) => releases.some(({ figures }) => figures.workload(name)));
  const parts = [INTRODUCTION, machineOf(results), targetsOf(releases)];
  for (const name of workloads.filter((one) => familyOf(one) === undefined)) {
    plots.set(name, plotOf(name, releases));
    parts.push(`## ${capital(WORKLOADS[name]!.title)}\n\n![CPU added to a request](performance/${name}.svg)`);
    for (const release of releases) parts.push(ladderOf(name, release));
  }
  parts.push(
    instructionsOf(results, releases),
    microOf(results, releases),
    growthOf(workloads, releases, plots),
    footprintOf(results, releases),
  );
  return { markdown: `${parts.filter((part) => part !== "").join("\n\n")}\n`, plots };
}

interface Release {
  readonly major: string;
  readonly figures: Figures;
}

const INTRODUCTION = `# What does tracing cost?

Measured by \`npm run bench\`, which anybody can run; this page is made from its results, all of which are in
[performance/results.json](performance/results.json): of workloads every period of every process, of the rest a figure of each process. Read the ratios: the figures are one machine's.

\`\`\`sh
npm run bench -- --quick                          # does everything work here? Some twenty minutes
npm run bench -- --node 20,22,24,26 --json results.json # all of it, longer than each table here says it took: many hours
npm run bench -- --only ladder --workloads hello,fastify --variants untraced,ours,opentelemetry
npm run bench -- --help
npm run bench:guard                               # what .ci/run checks: figures that noise does not move
\`\`\`

Each variant is a process of its own. All variants of a workload are alive at once on one core and are loaded in turn for some rounds, each in another order, of which the
first is not recorded; then all of that again with fresh processes. The load (\`wrk\`, or our own generator), the back end and the server that handlers ask are on the other core. What a tracer sends between
its turns (dd-trace every two seconds, Elastic every ten) is in its own CPU time only where its turn comes then. "Added" is the CPU time of the whole process a request, all its threads, less that of the untraced server
in the same round: the median of all rounds, and the lowest and highest. Throughput is that of the rounds in which the load kept the core of both servers busy, 80 % at least; where those are not half of all, none is told. "MB added" is resident memory
after a server's last period, less the untraced server's: some ten seconds of load, by which V8's young generation has not grown as far as it will (RATIONALE.md, "Which promises"). Requests of a workload are all the same, as load generators have it,
which suits encoders that remember what spans have in common, as ours does; single operations have another value of each tag that differs in practice. Everything is exported, to a back end that decodes OTLP and counts in the bodies of the others: where
one span is missing of node-opentracing's or the floor's, the run fails. Of peers, which drop what exceeds their queues, the share that came is told; a run fails below a tenth. A variant that drops is cheaper than one
that does not.

The floor is a prototype that does the essential work (span, ids, context, encoding, posting) and has no features: a yardstick, not a limit. It encodes more simply and
posts by Node's own client, so that in places we are below it. Tracers differ in what they record: OpenTelemetry, dd-trace and Sentry make spans for middleware too, and the column
"spans" says how many a request has. OpenTelemetry "http only" is leaner than the NodeSDK of its guide. Peers are the last line that runs on Node 20 there, and the newest from Node 22 on, with metrics, logs and profiles off;
Sentry counts its sessions and Elastic its breakdown of times, as they do by default.`;

function machineOf({ machine, note, versions }: Results): string {
  const byVersion = new Map<string, string[]>();
  for (const [key, version] of Object.entries(versions)) {
    // "dd-trace on Node 20" is another version than that on 24.
    const [name = "", release] = key.split(" on ");
    const releases = byVersion.get(`${name} ${version}`) ?? [];
    byVersion.set(`${name} ${version}`, release === undefined ? releases : [...releases, release]);
  }
  const list = [...byVersion].map(([one, releases]) =>
    releases.length === 0 ? one : `${one} (Node ${releases.map((release) => release.replace("Node ", "")).join(", ")})`,
  );
  const told = note === undefined ? "" : `\n\n${note}`;
  return `Machine: ${machine}. ${list.join(", ")}.${told}`;
}

/** Variants that a workload has, and that were not measured in this run. */
function notMeasured(name: string, measured: readonly string[]): string {
  const all = WORKLOADS[name]?.variants ?? Object.keys(VARIANTS);
  const missing = all.filter((variant) => variant !== "untraced" && !measured.includes(variant));
  const titles = missing.map((variant) => VARIANTS[variant]!.title.split(":")[0]);
  return missing.length === 0 ? "" : `\n\nNot measured here: ${titles.join("; ")}.`;
}

function targetsOf(releases: readonly Release[]): string {
  const rows = TARGETS.map((target) => {
    const cells = releases.map((release) => verdict(target, release));
    return [target.what, target.promise, ...cells];
  }).filter((row) => row.slice(2).some((cell) => cell !== ""));
  const words = `Bold: the promise is not kept. Not decided: this run cannot tell. In brackets: where the figure lies in nine of ten draws, with replacement, of a run's sets of fresh processes and of the rounds of each. That is the spread within one run; another run's figure
may lie outside. Of values that are spread as chance has it, such brackets hold the true one in 75 to 81 of 100 cases with three sets, in 82 to 87 with five. Where they are on both sides of the promise, or there were fewer than three sets, the run does not decide it. Sizes are the same each time.`;
  return `## Targets\n\n${table(["", "promise", ...releases.map(({ major }) => `Node ${major}`)], rows)}\n\n${words}`;
}

function verdict(target: Target, { major, figures }: Release): string {
  const { figure, isMet, unit } = target;
  const value = figure(figures);
  if (value === undefined) return "";
  if (Number.isNaN(value) || (value < 0 && unit === undefined)) return "lost in noise";
  const told = (of: number): string => {
    if (unit !== undefined) return `${Number(of.toFixed(2))}`;
    return of.toFixed(Math.abs(of) < 0.3 ? 3 : 2); // most promises are small ratios
  };
  const words = `${told(value)} ${unit ?? ""}`.trim();
  const interval = intervalOf(target, figures);
  if (interval === "unknown") return `${words}: not decided`;
  const all = interval === undefined ? words : `${words} (${interval.map(told).join(" to ")})`;
  const ends = interval ?? [value];
  if (ends.every((end) => isMet(end, major))) return all;
  return ends.some((end) => isMet(end, major)) ? `${all}: not decided` : `**${all}: not met**`;
}

function ladderOf(name: string, { figures }: Release): string {
  const run = figures.workload(name);
  if (run === undefined) return "";
  const base = median(run.periods.filter(({ variant }) => variant === "untraced").map(({ cpu }) => cpu));
  const ours = figures.added(name, "ours");
  const variants = [...new Set(run.periods.map(({ variant }) => variant))].filter((variant) => variant !== "untraced");
  const rows = variants.map((variant) => {
    const added = figures.added(name, variant)!;
    const throughput = figures.throughput(name, variant);
    const isTold = variant !== "ours" && ours !== undefined && added.lowest > 0 && ours.lowest > 0;
    return [
      VARIANTS[variant]?.title ?? variant,
      range(added),
      isTold ? share(ratio(added.median, ours.median)) : "",
      throughput === undefined ? "" : fixed(throughput.median),
      fixed(figures.memory(name, variant)!.median, 0),
      isSilent(variant) ? "" : fixed(figures.spans(name, variant)!, 1),
      isSilent(variant) ? "" : `${fixed(100 * figures.arrived(name, variant)!, 0)} %`,
    ];
  });
  const head = ["", "added µs", "of ours", "throughput", "MB added", "spans", "requests whose span came"];
  return `Node ${run.node.replace("v", "")}, ${howOf(run)}; untraced ${fixed(base, 1)} µs of CPU a request, ${fixed(100 * figures.load(name)!, 0)} % of a core.\n\n${table(head, rows)}${notMeasured(name, variants)}`;
}

function howOf(run: LadderRun): string {
  const variants = new Set(run.periods.map(({ variant }) => variant)).size;
  const generations = new Set(run.periods.map(({ generation }) => generation)).size;
  const rounds = run.periods.length / generations / variants;
  const sets = generations === 1 ? "1 set of processes" : `${generations} sets of processes`;
  return `${run.load}, ${sets} with ${rounds} round${rounds === 1 ? "" : "s"} of ${run.seconds} s each after ${run.warmUp ?? 3} s of warm-up, ${occasionOf(run)}`;
}

function occasionOf({ recorded, commit }: Occasion): string {
  if (recorded === undefined) return "on a day that was not noted";
  return commit === undefined ? recorded : `${recorded} at commit ${commit}`;
}

/** When the runs of one kind were made: one or more for each release. */
function occasionsOf(runs: readonly (Occasion & { readonly node: string })[]): string {
  const told = majorsOf(runs).map((major) => {
    const all = runs.filter(({ node }) => majorOf(node) === major).map(occasionOf);
    return `on Node ${major} ${[...new Set(all)].join(" and ")}`;
  });
  return `Measured ${told.join(", ")}.`;
}

function plotOf(name: string, releases: readonly Release[]): string {
  const rows: Row[] = [];
  for (const [variant, { title }] of Object.entries(VARIANTS)) {
    if (variant === "untraced") continue;
    const marks = releases.flatMap(({ major, figures }) => {
      const summary = figures.added(name, variant);
      return summary === undefined ? [] : [{ series: `Node ${major}`, summary }];
    });
    if (marks.length > 0) rows.push({ label: title.split(":")[0]!, marks });
  }
  return plot(capital(WORKLOADS[name]!.title), "µs of CPU added to a request (logarithmic)", rows);
}

function instructionsOf({ instructions }: Results, releases: readonly Release[]): string {
  const workloads = [...new Set(instructions.map(({ workload }) => workload))];
  const counted = releases.filter(({ figures }) => workloads.some((name) => figures.counted(name, "untraced")));
  const rows = workloads.flatMap((name) =>
    Object.entries(VARIANTS).flatMap(([variant, { title }]) => {
      const cells = counted.flatMap(({ figures }) => countsOf(figures, name, variant));
      return cells.every((cell) => cell === "") ? [] : [[capital(WORKLOADS[name]!.title), title, ...cells]];
    }),
  );
  if (rows.length === 0) return "";
  const head = [
    "",
    "",
    ...counted.flatMap(({ major }) => [`Node ${major}: thousands added`, "of ours", "misses added"]),
  ];
  const words = `## Instructions

Counted by Valgrind's Callgrind, with \`--single-threaded\`: what a request executes outside the kernel, without V8's compiling and collecting. Where a request was counted more than once, the lowest and the highest are in brackets: counts of one variant
differ by ${fixed(100 * Math.max(...counted.map(({ figures }) => figures.countsDiffer)), 0)} % at most. The lines of the untraced server tell the whole request, the others what is added to it. Misses, where they were counted: how often the next instructions are not in a simulated cache of 32 KB
(8 ways, lines of 64 bytes), as a core has it at the first level. ${occasionsOf(instructions)}`;
  return `${words}\n\n${table(head, rows)}`;
}

/** Of the untraced server all, of the others what they add. */
function countsOf(
  figures: Figures,
  workload: string,
  variant: string,
): [count: string, ofOurs: string, misses: string] {
  const isBase = variant === "untraced";
  const of = (what: "instructions" | "misses"): number | undefined =>
    isBase ? figures.counted(workload, variant, what) : figures.addedCount(workload, variant, what);
  const [count, misses] = [of("instructions"), of("misses")];
  if (count === undefined) return ["", "", ""];
  const ofOurs = isBase || variant === "ours" ? undefined : ratio(count, figures.addedCount(workload, "ours"));
  const base = isBase ? 0 : figures.counted(workload, "untraced")!;
  const { lowest, highest } = figures.countedAll(workload, variant)!;
  const thousands = (of: number): string => fixed((of - base) / 1000, 1);
  return [
    lowest === highest
      ? fixed(count / 1000, 1)
      : `${fixed(count / 1000, 1)} (${thousands(lowest)} to ${thousands(highest)})`,
    ofOurs === undefined ? "" : share(ofOurs),
    misses === undefined ? "" : fixed(misses, 0),
  ];
}

function microOf({ micro }: Results, releases: readonly Release[]): string {
  const sections = releases.flatMap(({ major, figures }) => {
    const rows = Object.entries(OPERATION_TITLES).flatMap(([operation, title]) => {
      const cells = TRACERS.map((tracer) => {
        const time = figures.operation(operation, tracer);
        const bytes = figures.operation(operation, tracer, "bytes");
        return time === undefined ? "" : `${fixed(time.median, 0)} ns, ${fixed(Math.max(0, bytes!.median), 0)} B`;
      });
      return cells.every((cell) => cell === "") ? [] : [[title, ...cells]];
    });
    const head = ["", "node-opentracing", "the floor", "OpenTelemetry", "dd-trace", "jaeger-client"];
    return rows.length === 0 ? [] : [`Node ${major}:\n\n${table(head, rows)}`];
  });
  if (sections.length === 0) return "";
  const words = `## Single operations

In a loop, each in a fresh process: CPU time of all its threads, and bytes of heap. Bodies of requests are encoded, and not sent; jaeger-client's spans are not encoded.
Whatever a tracer does in the following turn of the event loop counts. The floor's batches have 500 spans; ids are numbers with us, text with OpenTelemetry. ${occasionsOf(micro)}`;
  return [words, ...sections].join("\n\n");
}

/** A plot and a table for each family of workloads that differ in one number. */
function growthOf(workloads: readonly string[], releases: readonly Release[], plots: Map<string, string>): string {
  const parts = Object.entries(FAMILIES).flatMap(([family, { title, perSpan }]) => {
    const names = workloads.filter((name) => familyOf(name) === family);
    if (names.length === 0) return [];
    const unit = perSpan ? "µs of CPU added to a request, divided by its spans" : "µs of CPU added to a request";
    const rows = names.map((name): Row => {
      const { title: label, spans } = WORKLOADS[name]!;
      return { label: capital(label), marks: growthMarks(name, perSpan ? spans : 1, releases) };
    });
    plots.set(family, plot(title, `${unit} (logarithmic)`, rows));
    const series = [...new Set(rows.flatMap(({ marks }) => marks.map((mark) => mark.series)))];
    const lines = rows.map(({ label, marks }) => {
      const cells = series.map((one) => marks.find((mark) => mark.series === one)?.summary);
      return [label, ...cells.map((summary) => (summary === undefined ? "" : range(summary)))];
    });
    const how = releases.flatMap(({ major, figures }) => {
      const told = names.flatMap((name) => figures.workload(name) ?? []).map(howOf);
      return told.length === 0 ? [] : [`Node ${major}: ${[...new Set(told)].join("; ")}.`];
    });
    return [
      `### ${title}\n\n![CPU added](performance/${family}.svg)\n\nIn ${unit}:\n\n${table(["", ...series], lines)}\n\n${how.join(" ")}`,
    ];
  });
  return parts.length === 0 ? "" : ["## How it grows", ...parts].join("\n\n");
}

function growthMarks(name: string, divisor: number, releases: readonly Release[]): Row["marks"] {
  return releases.flatMap(({ major, figures }) =>
    ["ours", "floor"].flatMap((variant) => {
      const added = figures.added(name, variant);
      if (added === undefined) return [];
      const series = `Node ${major}${variant === "floor" ? ", the floor" : ""}`;
      const { median: middle, lowest, highest } = added;
      return [{ series, summary: { median: middle / divisor, lowest: lowest / divisor, highest: highest / divisor } }];
    }),
  );
}

function footprintOf({ footprint }: Results, releases: readonly Release[]): string {
  const keys = [...new Set(footprint.map(({ measure, variant, unit }) => JSON.stringify([measure, variant, unit])))];
  const rows = keys.map((key) => {
    const [measure, variant, unit] = JSON.parse(key) as [string, string, string];
    const cells = releases.map(({ figures }) => {
      const values = figures.footprint(measure, variant);
      if (values === undefined) return "";
      const told = (value: number): string => fixed(value, unit === "bytes" || unit === "packages" ? 0 : 2);
      const most = `${told(Math.min(...values))} to ${told(Math.max(...values))}`;
      return values.length === 1 ? told(values[0]!) : `${told(median(values))} (${most})`;
    });
    return [`${measure}, ${unit}`, VARIANTS[variant]?.title ?? variant, ...cells];
  });
  if (rows.length === 0) return "";
  const head = ["", "", ...releases.map(({ major }) => `Node ${major}`)];
  const words = `Sizes of peers are those of all that the benchmark installs of them. Other figures have the lowest and the highest of some sets of fresh processes in brackets; a latency is the median of a set's rounds.
Rounds and flushes during which the host of this machine took its processors away are measured again, up to three times, and told by themselves. Flushes may use any core, everything else has one. ${occasionsOf(footprint)}`;
  return `## Size, start, memory, latency\n\n${words}\n\n${table(head, rows)}`;
}

/** Columns as wide as their widest cell, as the formatter of other projects leaves them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function range({ median: middle, lowest, highest }: Summary): string {
  return `${fixed(middle, 1)} (${fixed(lowest, 1)} to ${fixed(highest, 1)})`;
}

/** Without the sign of what is no more than zero. */
function fixed(value: number, digits = 2): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** A ratio of what is added; nothing where there is none, for the machine's noise is larger. */
function share(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) || value < 0 ? "" : fixed(value);
}

function capital(text: string): string {
  return text.startsWith("node:") ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
