// Runs one part of the interop run, and keeps what it reported.

import { cacheFolder } from "./cache.js";
import { endChildren, timeLimit } from "./child.js";
import type { Part, Row, Stage } from "./part.js";

/** What a part reported. */
export interface PartResult {
  readonly part: string;
  /** What was started, and its version. */
  readonly started: readonly (readonly [what: string, version: string])[];
  readonly cells: readonly Cell[];
  /** Why the part as a whole has failed; undefined where it ran to its end. */
  readonly failure?: string | undefined;
}

/** One outcome. */
export interface Cell extends Row {
  readonly outcome: "ok" | "FAIL" | "not supported";
  /** The error, or why it is not supported. */
  readonly reason?: string | undefined;
}

const DEFAULT_TIME_LIMIT = 600_000;
/** Milliseconds for one check: what waits for an event that never comes is FAIL, and the part goes on. */
const CHECK_LIMIT = 300_000;
/** Milliseconds for one clean-up. */
const UNDO_LIMIT = 30_000;

/** Whether everything that was run has passed. */
export function passed({ cells, failure }: PartResult): boolean {
  return failure === undefined && cells.every(({ outcome }) => outcome !== "FAIL");
}

/** Runs one part, in its time. Never rejects; when it resolves the part's clean-ups are done and its processes have ended. */
export async function runPart(part: Part, print: (line: string) => void): Promise<PartResult> {
  const started: [string, string][] = [];
  const cells: Cell[] = [];
  const printed = new Set<string>();
  const undos: (() => void | Promise<void>)[] = [];
  let isOver = false;
  const record = (row: Row, outcome: Cell["outcome"], reason?: string): void => {
    if (isOver) return; // of a part whose time was up, and which goes on none the less
    cells.push({ ...row, outcome, reason });
    const line = `  ${row.peer}, ${row.format}, ${row.direction}, ${row.what}: ${outcome}`;
    if (reason === undefined) print(line);
    else if (printed.has(reason)) print(`${line}, as above`);
    else print(`${line}: ${reason}`);
    if (reason !== undefined) printed.add(reason);
  };
  const stage: Stage = {
    started(what, version) {
      if (started.some(([name, known]) => name === what && known === version)) return;
      started.push([what, version]);
      print(`  ${what}: ${version}`);
    },
    async check(row, run) {
      try {
        await within(CHECK_LIMIT, run());
        record(row, "ok");
      } catch (error) {
        record(row, "FAIL", messageOf(error));
      }
    },
    unsupported(row, reason) {
      if (reason.trim() === "") record(row, "FAIL", "what is not supported needs a reason");
      else record(row, "not supported", reason);
    },
    cache: cacheFolder,
    defer: (undo) => undos.unshift(undo),
  };

  print(`${part.name}`);
  let failure: string | undefined;
  try {
    await within(part.timeLimit ?? DEFAULT_TIME_LIMIT, part.run(stage));
    if (!cells.some(({ outcome }) => outcome === "ok")) failure = "it has checked nothing";
    else if (started.length === 0) failure = "it has not told what it ran, and in which version";
  } catch (error) {
    failure = messageOf(error);
  }
  isOver = true;
  for (const undo of undos) {
    try {
      await within(UNDO_LIMIT, undo());
    } catch (error) {
      failure ??= `a clean-up failed: ${messageOf(error)}`;
    }
  }
  await endChildren();
  if (failure !== undefined) print(`  FAIL: ${failure}`);
  return { part: part.name, started, cells, failure };
}

async function within(milliseconds: number, done: void | Promise<void>): Promise<void> {
  const limit = timeLimit(milliseconds);
  try {
    await Promise.race([done, limit.passed]);
  } finally {
    limit.clear();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
