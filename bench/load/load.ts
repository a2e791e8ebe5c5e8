// Load on a server from the other core: by wrk where there is one, else by our own generator, which also keeps a given rate.

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { pinned } from "../child.ts";
import { program } from "../places.ts";

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly connections: number;
  readonly seconds: number;
}

export interface Answered {
  /** Answers a second. */
  readonly rate: number;
}

/** Of load at a given rate. */
export interface Paced extends Answered {
  /** Requests a second that were to be made. */
  readonly asked: number;
  /** Milliseconds within which 99 % were answered. */
  readonly p99: number;
  /** Milliseconds after which the load itself saw at most that 99 % were due: what of `p99` is its own. */
  readonly late: number;
}

const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;

/** What makes the load, for the page. */
export function loadTool(rate: number | undefined): string {
  if (rate !== undefined) return `bench/load/generator at ${rate} requests a second`;
  return hasWrk ? "wrk" : "bench/load/generator";
}

const run = promisify(execFile);

/** Puts load on a server until the time is over, as fast as answers come. @throws Error where a request failed or was answered with an error */
export async function load(how: Load): Promise<Answered> {
  if (!hasWrk) return await generate(how);
  const { stdout } = await run(...pinned("serving", "wrk", wrkArguments(how)));
  return readWrk(stdout);
}

/** The same at a rate of requests a second, whether answered or not. */
export async function pacedLoad(how: Load, rate: number): Promise<Paced> {
  return { ...(await generate({ ...how, rate })), asked: rate };
}

function wrkArguments({ port, path, headers = {}, connections, seconds }: Load): string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const url = `http://127.0.0.1:${port}${path}`;
  return ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=10s", ...fields, url];
}

function readWrk(output: string): Answered {
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(rate > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(`the load went wrong:\n${output}`);
  return { rate };
}

/** What our own generator is told. */
export interface Generated extends Load {
  readonly rate?: number;
}

async function generate(how: Generated): Promise<Omit<Paced, "asked">> {
  const args = [program("load/generator"), JSON.stringify(how)];
  const { stdout } = await run(...pinned("serving", process.execPath, args));
  const { failed, ...answered } = JSON.parse(stdout) as Paced & { failed: number };
  if (failed > 0 || !(answered.p99 > 0)) throw new Error(`the load went wrong: ${stdout}`);
  return answered;
}
