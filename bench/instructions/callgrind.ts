// Counts the instructions that a process executes between two moments, by Valgrind's Callgrind.

import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { ChildOptions } from "../child.ts";

const run = promisify(execFile);

export const hasCallgrind: boolean = spawnSync("callgrind_control", ["--version"]).error === undefined;

/** How a program is started so that its instructions can be counted: one thread does all, so that no count depends on the scheduler. */
export function counted(node: string, file: string): Pick<ChildOptions, "node" | "flags"> {
  const own = ["--tool=callgrind", ...CACHES, "--instr-atstart=no", "--quiet", `--callgrind-out-file=${file}`];
  return { node: "valgrind", flags: [...own, "--", node, "--single-threaded"] };
}

/** Bytes, ways and bytes of a line: the instructions' (I1) as cores of today's servers have it; what the other two tell is not read. */
const CACHES = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,8,64"];

/** What a function executed itself, without what it called; or the sum of many. */
export interface Count {
  instructions: number;
  /** How often the instruction cache of the first level did not have them. */
  misses: number;
}

/** Begins to count. */
export async function begin(pid: number): Promise<void> {
  await run("callgrind_control", ["-i", "on", String(pid)]);
  await run("callgrind_control", ["-z", String(pid)]);
}

/** Ends counting: what each function executed since `begin`. */
export async function end(pid: number, file: string): Promise<Map<string, Count>> {
  await run("callgrind_control", ["-d", String(pid)]);
  return readCounts(readFileSync(`${file}.1`, "latin1"));
}

/** Reads what each function executed itself, without those that it calls: https://valgrind.org/docs/manual/cl-format.html */
export function readCounts(text: string): Map<string, Count> {
  const names = new Map<string, string>();
  const counts = new Map<string, Count>();
  const [instructions, misses] = [columnOf(text, "Ir"), columnOf(text, "I1mr")];
  let name = "";
  let isOfCall = false;
  for (const line of text.split("\n")) {
    const named = /^(c?fn)=\((\d+)\)(?: (.*))?$/.exec(line);
    if (named !== null) {
      const [, which, id, full] = named as unknown as [string, string, string, string | undefined];
      if (full !== undefined) names.set(id, full);
      if (which === "fn") name = names.get(id) ?? "";
    } else if (line.startsWith("calls=")) {
      isOfCall = true; // the next line has what the called function took
    } else if (/^[\d+*-]/.test(line)) {
      if (!isOfCall) {
        const columns = line.split(" ");
        const count = counts.get(name) ?? { instructions: 0, misses: 0 };
        // Zeros at the end are left out.
        count.instructions += Number(columns[instructions] ?? 0);
        count.misses += Number(columns[misses] ?? 0);
        counts.set(name, count);
      }
      isOfCall = false;
    }
  }
  return counts;
}

/** Where an event stands in a line, after the line of the source. */
function columnOf(text: string, event: string): number {
  const events = /^events: (.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
  if (!events.includes(event)) throw new Error(`Callgrind has counted no ${event}, but ${events.join(" ")}`);
  return events.indexOf(event) + 1;
}

/**
 * Whether this is a function by which V8 compiles or collects. What they do in a period of some thousand requests is of requests before it as
 * much: what was compiled, and what was left to be collected.
 */
export function isForLater(name: string): boolean {
  return LATER.test(name);
}

const COMPILING =
  "compiler|turboshaft|maglev|baseline|interpreter|Zone|ParserBase|PreParser|::Parser::|Scanner|RegExpCompiler|OptimizedCompilation";
const COLLECTING =
  "Scaveng|Mark(ing|Compact|er)|Sweep|Heap::|GCTracer|Evacuat|Concurrent|IteratePointers|BodyDescriptor|Worklist|Remembered|Pretenuring|SemiSpace";
const LATER = new RegExp(`v8::internal::.*(${COMPILING}|${COLLECTING})`);
