// npm run bench:guard: fails where a request or a span costs more than it did, in things that noise does not move. `--update` writes the
// figures down as the new limits.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Figures, judge } from "./guard/judge.ts";
import { measure } from "./guard/measure.ts";
import { root } from "./places.ts";
import { majorOf, versionOf } from "./release.ts";

const file = join(root, "bench", "guard", "limits.json");
/** By the major release of Node; those of other releases are not judged. */
const limits = JSON.parse(readFileSync(file, "utf8")) as Record<string, Figures>;
/** A time, so a generous limit for all. */
const RATIO = { "CPU of a span, in floors": 5 };

const [binaries = "", ...args] = process.argv.slice(2);
const unknown = args.find((arg) => arg !== "--update");
if (unknown !== undefined) {
  console.error(`npm run bench:guard -- [--node 20,24] [--update]: there is no option ${unknown}`);
  process.exit(2);
}
let failed = false;
for (const node of binaries.split(",")) {
  const version = versionOf(node);
  const major = majorOf(version);
  const figures = await measure(node);
  if (args.includes("--update")) {
    limits[major] = { ...rounded(figures), ...RATIO };
    writeFileSync(file, `${JSON.stringify(limits, null, 2)}\n`);
  }
  const verdicts = judge(figures, limits[major] ?? RATIO);
  console.log(`\nNode ${version}`);
  console.table(
    verdicts.map(({ tolerance, ...one }) => ({
      ...one,
      limit: `${one.limit} + ${tolerance}`,
      figure: Number(one.figure.toFixed(2)),
    })),
  );
  failed ||= verdicts.some(({ result }) => result === "exceeded");
  if (limits[major] === undefined)
    console.log(`There are no limits for Node ${major}: npm run bench:guard -- --update`);
  if (verdicts.some(({ result }) => result === "lower"))
    console.log("Better than the limits: -- --update lowers them.");
}
if (failed) console.error("A request or a span costs more than before: see above.");
process.exit(failed ? 1 : 0);

function rounded(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Number(figure.toFixed(2))]));
}
