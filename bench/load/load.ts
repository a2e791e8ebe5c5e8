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
  /** Requests a second, whether answered or not. As fast as answers come without one. */
  readonly rate?: number;
}

export interface Answered {
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds within which 50 % and 99 % were answered. */
  readonly p50: number;
  readonly p99: number;
}

const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;

/** What makes the load, for the page. */
export const loadTool: string = hasWrk ? "wrk" : "bench/load/generator";

const run = promisify(execFile);

/** Puts load on a server until the time is over. @throws Error where a request failed or was answered with an error */
export async function load(how: Load): Promise<Answered> {
  const isPaced = how.rate !== undefined;
  const [command, args] = hasWrk && !isPaced ? wrk(how) : generator(how);
  const { stdout } = await run(...pinned("serving", command, args));
  return hasWrk && !isPaced ? readWrk(stdout) : readGenerator(stdout);
}

function wrk({ port, path, headers = {}, connections, seconds }: Load): [string, string[]] {
  const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const url = `http://127.0.0.1:${port}${path}`;
  return ["wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=10s", "--latency", ...fields, url]];
}

function readWrk(output: string): Answered {
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  if (!(rate > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(`the load went wrong:\n${output}`);
  return { rate, p50: milliseconds(output, "50%"), p99: milliseconds(output, "99%") };
}

function milliseconds(output: string, label: string): number {
  const [, value, unit] = new RegExp(`${label}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as "us" | "ms" | "s"];
}

function generator(how: Load): [string, string[]] {
  return [process.execPath, [program("load/generator"), JSON.stringify(how)]];
}

function readGenerator(output: string): Answered {
  const { failed, ...answered } = JSON.parse(output) as Answered & { failed: number };
  if (failed > 0 || !(answered.p50 > 0)) throw new Error(`the load went wrong: ${output}`);
  return answered;
}
