// The page that is made from results: docs/performance.md and its plots.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePage } from "../../bench/page/page.js";
import { plot } from "../../bench/page/plot.js";
import { put, type Results, readResults } from "../../bench/results.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

function read(file: string): Results {
  return readResults(join(root, file));
}

/** One round of hello on Node 20 with these microseconds of CPU and thousands of requests a second. */
function helloOf(variants: Record<string, readonly [cpu: number, rate: number]>): Results {
  const periods = Object.entries(variants).map(([variant, [cpu, rate]]) => {
    return { variant, generation: 0, round: 0, requests: 1000, cpu, rate: rate * 1000, memory: 2 ** 26 };
  });
  const proofs = Object.keys(variants).map((variant) => {
    return { variant, generation: 0, requests: 1000, spans: 990, served: variant === "sentry" ? 820 : 1000, bytes: 1 };
  });
  const run = { workload: "hello", node: "v20.1.2", load: "wrk", seconds: 1, recorded: "2026-01-01", periods, proofs };
  return {
    machine: "a machine",
    versions: { "dd-trace": "5" },
    ladder: [run],
    micro: [],
    footprint: [],
    instructions: [],
  };
}

/** The cells of the line of a page's table that begins with this. */
function line(markdown: string, beginning: string): string[] {
  const found = markdown.split("\n").find((one) => one.startsWith(`| ${beginning} `));
  assert.ok(found !== undefined, `no line begins with "${beginning}" in\n${markdown}`);
  return found
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

test("a workload's line tells what was added, how much that is of ours, the throughput, and what came", () => {
  const { markdown } = makePage(helloOf({ untraced: [10, 100], ours: [14, 80], sentry: [510, 2] }));
  assert.deepEqual(line(markdown, "Sentry"), [
    "Sentry",
    "500.0 (500.0 to 500.0)",
    "125.00",
    "0.02",
    "0",
    "1.0",
    "82 %",
  ]);
  assert.match(
    markdown,
    /Node 20.1.2, wrk, 1 set of processes with 1 round of 1 s each after 3 s of warm-up, 2026-01-01; untraced 10.0 µs of CPU a request, 100 % of a core/,
  );
  assert.match(markdown, /Machine: a machine. dd-trace 5\./);
});

test("of instructions and cache misses an untraced request's are told whole, what variants add, and how much that is of ours", () => {
  const count = (variant: string, instructions: number, misses?: number) => {
    const of = { workload: "hello", variant, node: "v20.1.2", instructions: [instructions] };
    return misses === undefined ? of : { ...of, misses: [misses] };
  };
  const { markdown } = makePage({
    ...helloOf({ untraced: [10, 100], ours: [14, 80] }),
    instructions: [count("untraced", 50_000, 900), count("ours", 60_000, 1_200), count("floor", 55_000)],
  });
  const rows = markdown.split("\n").filter((one) => one.startsWith('| node:http answers "hello" '));
  const cells = rows.map((row) => row.split("|").slice(3, -1).map((cell) => cell.trim())); // biome-ignore format: one row a line
  assert.deepEqual(cells, [
    ["50.0", "", "900"],
    ["10.0", "", "300"],
    ["5.0", "0.50", ""],
  ]);
});

test("where the load does not keep both servers busy, no throughput is told", () => {
  const told = (untraced: number, sentry: number): string => {
    const { markdown } = makePage(helloOf({ untraced: [10, untraced], sentry: [510, sentry] }));
    return line(markdown, "Sentry")[3]!;
  };
  assert.deepEqual([told(100, 2), told(70, 2), told(100, 1.5)], ["0.02", "", ""]);
});

test("what a workload has and a run has not measured is named", () => {
  const { markdown } = makePage(helloOf({ untraced: [10, 100], ours: [14, 80], floor: [13, 85] }));
  assert.match(markdown, /\nNot measured here: node-opentracing, unsampled; .*; dd-trace; Sentry; Elastic APM\.\n/);
});

test("one set of processes decides nothing, and what was not measured is left out", () => {
  const { markdown } = makePage(
    helloOf({ untraced: [10, 100], ours: [20, 70], floor: [18, 90], opentelemetry: [90, 20] }),
  );
  assert.deepEqual(line(markdown, "throughput of hello").at(-1), "0.70: not decided");
  assert.match(markdown, /CPU added to a hello +\| at most 1\/8 of OpenTelemetry's +\| 0\.125: not decided/);
  assert.match(markdown, /at most 1\.5 of the floor's +\| 1\.25: not decided/);
  assert.ok(!markdown.includes("installed"));
});

test("a promise is met, not met or not decided by the draws of sets of processes and their rounds", () => {
  const one = helloOf({ untraced: [10, 100], ours: [14, 90], opentelemetry: [60, 20] });
  const [run] = one.ladder;
  const told = (generations: readonly (readonly number[])[]): string => {
    const periods = generations.flatMap((rounds, generation) =>
      rounds.flatMap((cpu, round) =>
        run!.periods.map((own) => ({ ...own, generation, round, cpu: own.variant === "ours" ? cpu : own.cpu })),
      ),
    );
    const { markdown } = makePage({ ...one, ladder: [{ ...run!, periods }] });
    return line(markdown, "CPU added to a hello").at(-1)!;
  };
  // Of 50 that OpenTelemetry adds.
  assert.equal(told([[14, 14], [14, 14], [14, 14]]), "0.080 (0.080 to 0.080)"); // biome-ignore format: as measured
  assert.equal(told([[20, 20], [20, 20], [20, 20]]), "**0.200 (0.200 to 0.200): not met**"); // biome-ignore format: as measured
  assert.equal(told([[14, 14], [14, 14]]), "0.080: not decided"); // biome-ignore format: as measured
  assert.equal(told([[14, 14], [20, 20], [14, 14], [20, 20]]), "0.140 (0.080 to 0.200): not decided"); // biome-ignore format: as measured
});

test("a ratio whose draws get lost in noise is not decided", () => {
  const one = helloOf({ untraced: [10, 100], unsampled: [10.5, 95], ours: [12, 90] });
  const [run] = one.ladder;
  const periods = [12, 12, 8].flatMap((cpu, generation) =>
    run!.periods.map((own) => ({ ...own, generation, cpu: own.variant === "ours" ? cpu : own.cpu })),
  );
  const { markdown } = makePage({ ...one, ladder: [{ ...run!, periods }] });
  assert.equal(line(markdown, "CPU added to a hello, unsampled").at(-1), "0.250: not decided");
});

test("the recorded results of a real run make a page with all its parts", () => {
  const { markdown, plots } = makePage(read("test/bench/recorded.json"));
  const heads = [...markdown.matchAll(/^## (.*)$/gm)].map(([, head]) => head);
  assert.deepEqual(heads, [
    "Targets",
    'node:http answers "hello"',
    "Single operations",
    "How it grows",
    "Size, start, memory, latency",
  ]);
  assert.ok(!/undefined|NaN/.test(markdown), markdown);
  assert.deepEqual([...plots.keys()], ["hello", "depth"]);
});

test("a plot has a line, a dot and a number for each value, and stays well-formed with any label", () => {
  const svg = plot("a < b & c", "µs", [
    { label: "one", marks: [{ series: "Node 20", summary: { median: 4, lowest: -1, highest: 40 } }] },
    { label: "two", marks: [{ series: "Node 24", summary: { median: 500, lowest: 400, highest: 600 } }] },
  ]);
  assert.equal(svg.match(/stroke-opacity/g)?.length, 2);
  assert.match(svg, />a &lt; b &amp; c</);
  assert.match(svg, />500\.0</);
  assert.ok(!/NaN|Infinity/.test(svg));
});

test("counts of instructions decide where there are several, of processes of their own", () => {
  const told = (...ours: readonly number[]): string => {
    const count = (variant: string, instructions: readonly number[]) => {
      return { workload: "hello", variant, node: "v20.1.2", instructions };
    };
    const base = ours.map(() => 50_000);
    const counts = [count("untraced", base), count("ours", ours), count("floor", ours.map(() => 60_000))]; // biome-ignore format: one line
    const { markdown } = makePage({ ...helloOf({ untraced: [10, 100], ours: [14, 80] }), instructions: counts });
    const found = markdown.split("\n").find((one) => /in instructions +\| at most 1\.5 of the floor's/.test(one));
    return found!.split("|").at(-2)!.trim();
  };
  assert.equal(told(60_000), "1.00: not decided");
  assert.equal(told(60_000, 61_000), "1.05: not decided");
  assert.equal(told(60_000, 61_000, 62_000), "1.10 (1.00 to 1.20)");
  assert.equal(told(60_000, 70_000, 70_000), "2.00 (1.00 to 2.00): not decided");
});

test("a run takes the place of the earlier one of the same, on a newer patch release of Node too", () => {
  const runs = [
    { what: "a", node: "v20.1.0", value: 1 },
    { what: "a", node: "v24.1.0", value: 2 },
  ];
  put(runs, { what: "a", node: "v20.2.0", value: 3 }, ["what"]);
  put(runs, { what: "b", node: "v20.2.0", value: 4 }, ["what"]);
  assert.deepEqual(
    runs.map(({ value }) => value),
    [3, 2, 4],
  );
});

test("a page is not made of results that are not there", () => {
  const main = join(root, ".build/bench/main.js");
  const { status, stderr } = spawnSync(process.execPath, [main, "", "--page", "--json", "gone.json"]);
  assert.equal(status, 1);
  assert.match(String(stderr), /there is no gone\.json/);
});

test("docs/performance.md is what its results make", () => {
  const { markdown, plots } = makePage(read("docs/performance/results.json"));
  assert.equal(readFileSync(join(root, "docs/performance.md"), "utf8"), markdown);
  for (const [name, svg] of plots) assert.equal(readFileSync(join(root, `docs/performance/${name}.svg`), "utf8"), svg);
});
