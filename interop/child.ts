// Starts other processes, and sees to it that none of them stays behind.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A service that listens. */
export interface PeerProcess {
  readonly port: number;
  /** The libraries and their versions, as the service says. */
  readonly version: string;
  /** The end of what it has written to stderr so far. */
  readonly log?: (() => string) | undefined;
  /** Ends it and whatever it started. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** Milliseconds until it must listen, or have ended: a minute for services, two for servers, ten for commands. */
  readonly timeLimit?: number | undefined;
  /** Milliseconds between SIGTERM and SIGKILL at its end: 5000 by default, 15000 for servers. */
  readonly grace?: number | undefined;
}

/** Characters of a process's stderr that are kept for the message of a failure. */
const KEPT_LOG = 8_000;

/** Every process that may still run, and how to end it. */
const running = new Map<ChildProcess, () => Promise<void>>();

/**
 * Starts a service that speaks the hop protocol, and waits for its line of JSON: `{"port": 1234, "version": "…"}`. One that
 * ends before it, or does not write it in time, rejects with what it wrote to stderr.
 */
export async function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<PeerProcess> {
  const child = start(command, args, options);
  const log = keptLog(child.stderr!);
  const { port, version } = await ready(child, announced(child), options.timeLimit ?? 60_000, log);
  return { port, version, log, stop: running.get(child)! };
}

/**
 * Starts a server that knows nothing of the protocol, and waits until it has printed `readyText`. Rejects as `startChild` does, with
 * the end of all its output. The answer ends it; it ends with this process at the latest, even where that is killed.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  readyText: string,
  { timeLimit: limit = 120_000, grace = 15_000, ...options }: ChildOptions = {},
): Promise<() => Promise<void>> {
  const child = start(process.execPath, ["interop/watched.mjs", command, ...args], { grace, ...options });
  const streams = [child.stdout!, child.stderr!];
  const log = keptLog(...streams);
  await ready(child, Promise.race(streams.map((stream) => printed(stream, readyText))), limit, log);
  return running.get(child)!;
}

/** Runs a command to its end, and answers what it wrote to stdout. Rejects unless it ends with code 0, with the end of its output. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<string> {
  const child = start(command, args, options);
  const log = keptLog(child.stderr!);
  const output: string[] = [];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => output.push(text));
  const limit = timeLimit(options.timeLimit ?? 600_000);
  try {
    const [code, signal] = (await Promise.race([once(child, "close"), limit.passed])) as [number | null, string | null];
    if (code !== 0) throw new Error(`it ended with ${code ?? signal}`);
    return output.join("");
  } catch (error) {
    const written = (output.join("") + log()).slice(-KEPT_LOG);
    throw new Error(`${command} ${args.join(" ")}: ${(error as Error).message}\n${written}`);
  } finally {
    limit.clear();
    await running.get(child)?.();
  }
}

/** Ends every process that is still running, and waits until it has ended. */
export async function endChildren(): Promise<void> {
  await Promise.all([...running.values()].map((stop) => stop()));
}

/** Kills every process that is still running, for the end of this one. */
export function killChildren(): void {
  for (const child of running.keys()) kill(child, "SIGKILL");
}

function start(command: string, args: readonly string[], options: ChildOptions): ChildProcess {
  const env = { ...process.env, ...options.env };
  // A group of its own, so that it ends with all that it has started. A service may end itself when its stdin does.
  const child = spawn(command, args, { cwd: options.cwd, env, detached: true, stdio: "pipe" });
  running.set(child, () => stop(child, options.grace ?? 5_000));
  child.on("error", nothing); // one that cannot be started says so to whoever waits for it
  child.stdin!.on("error", nothing);
  return child;
}

/** What `first` resolves with. A child that ends before, or takes longer, is ended: it rejects with the child's log. */
async function ready<T>(child: ChildProcess, first: Promise<T>, milliseconds: number, log: () => string): Promise<T> {
  const limit = timeLimit(milliseconds);
  try {
    return await Promise.race([first, failure(child), limit.passed]);
  } catch (error) {
    await running.get(child)?.();
    throw new Error(`${child.spawnargs.join(" ")}: ${(error as Error).message}\n${log()}`);
  } finally {
    limit.clear();
  }
}

function keptLog(...streams: readonly Readable[]): () => string {
  let kept = "";
  for (const stream of streams) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      kept = (kept + text).slice(-KEPT_LOG);
    });
  }
  return () => kept;
}

/** Resolves when a line of it has that text. */
async function printed(stream: Readable, text: string): Promise<void> {
  const lines = createInterface({ input: stream });
  await new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      if (line.includes(text)) resolve();
    });
  });
}

async function announced(child: ChildProcess): Promise<{ port: number; version: string }> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, "line")) as [string];
  lines.on("line", nothing); // so that it never blocks on a full pipe
  const { port, version } = parsed(line);
  if (typeof port !== "number" || typeof version !== "string") {
    throw new Error(`its first line must be {"port": 1234, "version": "…"}, not ${line}`);
  }
  return { port, version };
}

function parsed(line: string): { port?: unknown; version?: unknown } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

async function failure(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, "close");
  throw new Error(`it ended with ${code ?? signal}`);
}

async function stop(child: ChildProcess, grace: number): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    kill(child, "SIGTERM");
    const timer = setTimeout(() => kill(child, "SIGKILL"), grace);
    await ended;
    clearTimeout(timer);
  }
  kill(child, "SIGKILL"); // what it has started and left behind
  running.delete(child);
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended.
  }
}

/** Rejects after so many milliseconds, unless it is cleared. */
export function timeLimit(milliseconds: number): { readonly passed: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${milliseconds / 1000} s`)), milliseconds);
  });
  passed.catch(nothing);
  return { passed, clear: () => clearTimeout(timer) };
}

function nothing(): void {}
