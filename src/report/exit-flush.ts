// Delivers the last spans when the process ends, without changing how it ends.

import { warn } from "../diagnostics.ts";
import type { Undo } from "../patch.ts";

/**
 * Calls `flush` with the time limit in milliseconds, and whether the end comes right after it, on `beforeExit`, SIGTERM
 * and SIGINT. Where nobody else listens for the signal, the process dies by it after the flush, or at once by a second
 * one; where the application listens, the end is left to it. Exit codes are never touched. `process.exit` leaves no time for anything: await a flush before it.
 *
 * @param flush should resolve without starting timers where nothing is waiting: one that always waits holds up the end of
 *   the process until the time limit is used up
 * @param timeLimit milliseconds
 */
export function flushAtExit(flush: Flush["run"], timeLimit: number): Undo {
  const one: Flush = { run: flush, timeLimit, spent: 0 };
  flushes.add(one);
  if (flushes.size === 1) listen();
  return function undo() {
    if (flushes.delete(one) && flushes.size === 0) unlisten();
  };
}

interface Flush {
  readonly run: (timeLimit: number, isEnd: boolean) => Promise<void>;
  readonly timeLimit: number;
  /** Milliseconds that its runs on `beforeExit` have taken. */
  spent: number;
}

/** One listener on the process for all: Node warns of a leak at eleven. */
const flushes = new Set<Flush>();
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

function listen(): void {
  process.on("beforeExit", onBeforeExit);
  // First in line, before a `once` listener takes itself off and looks as if it had never been.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
}

function unlisten(): void {
  process.removeListener("beforeExit", onBeforeExit);
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

function onBeforeExit(): void {
  // Whatever a flush does brings on the next `beforeExit`; the one after a flush that had nothing to do is the last. One
  // limit for them all, or a reporter that never has nothing to do would keep the process for ever.
  for (const one of flushes) if (one.spent < one.timeLimit - 1) void spend(one);
}

async function spend(one: Flush): Promise<void> {
  const started = performance.now();
  await flushInTime(one, true);
  one.spent += performance.now() - started;
}

function onSignal(signal: NodeJS.Signals): void {
  // Off at once: other listeners that ask "am I the only one?" must see what they would see without us, and a second
  // signal must do what it would do without us.
  process.removeListener(signal, onSignal);
  const isOurs = process.listenerCount(signal) === 0;
  void Promise.all([...flushes].map((one) => flushInTime(one, isOurs))).then(() => {
    // An application that has begun to listen while we flushed has the say over the next signal, not over this one.
    // After what waits to be printed: a warning that the spans were lost.
    if (isOurs) setImmediate(() => process.kill(process.pid, signal));
    else if (flushes.size > 0 && !process.listeners(signal).includes(onSignal))
      process.prependListener(signal, onSignal);
  });
}

async function flushInTime({ run, timeLimit }: Flush, isEnd: boolean): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      warn(
        "report.exit_timeout",
        `the back end did not take the last spans within ${timeLimit} ms; what it has not taken when the process ends is lost`,
      );
      resolve();
    }, timeLimit);
  });
  try {
    await Promise.race([run(timeLimit, isEnd), limit]);
  } catch (error) {
    warn("report.reporter_error", "a reporter failed to flush at exit", error);
  }
  clearTimeout(timer);
}
