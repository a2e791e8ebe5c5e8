// Takes away what disturbs measuring, where Linux lets us: a network that paces its senders, and what the host does meanwhile.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";

/** What names this process's network; set for a process in one of its own: what named the network that it left. */
const NETWORK = "/proc/self/ns/net";
const LEFT = "BENCH_LEFT_NETWORK";

/** Whether `moveToOwnNetwork` has brought this process into a network of its own. */
export function hasOwnNetwork(): boolean {
  const left = process.env[LEFT];
  return left !== undefined && left !== readlinkSync(NETWORK);
}

/** Loopback alone, and a congestion control that does not pace: Linux's usual one, or where that is not allowed its oldest. */
const CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";
const SET_UP = `ip link set lo up && { echo cubic > ${CONTROL} || echo reno > ${CONTROL}; } 2> /dev/null`;
const WAYS = [["--net"], ["--net", "--user", "--map-root-user"]];

/**
 * Runs this program again in a network of its own, and ends with it. Machines that serve the internet often have TCP send by BBR, which
 * paces: timers and probes of bandwidth, on loopback too, make of one server two that differ by 3 µs a request, for seconds at
 * a time, or 20,000 requests a second where 70,000 could be. The machine's own setting is left alone. Returns where that cannot be done: it needs Linux, `unshare` and `ip`.
 */
export async function moveToOwnNetwork(): Promise<void> {
  if (hasOwnNetwork()) return;
  const way = WAYS.find((flags) => spawnSync("unshare", [...flags, "sh", "-c", SET_UP]).status === 0);
  if (way === undefined) return;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn("unshare", [...way, "sh", "-c", `${SET_UP} && exec "$0" "$@"`, ...again], {
    stdio: "inherit",
    env: { ...process.env, [LEFT]: readlinkSync(NETWORK) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, "exit");
  process.exit(code ?? 1);
}

/** How often at most something is measured again. */
const AGAIN = 3;

/**
 * Measures again where the host took the processors away meanwhile: hosts of virtual machines stop them for 80 ms at a time, which the slowest
 * of a hundred answers are made of then.
 *
 * @param disturbed is told what does not count
 */
export async function undisturbed<T>(
  measure: () => Promise<T>,
  disturbed: (result: T) => void = () => {},
  stolen: () => number = stolenTime,
): Promise<T> {
  for (let left = AGAIN; ; left--) {
    const before = stolen();
    const result = await measure();
    if (left === 0 || stolen() - before <= 1) return result;
    disturbed(result);
  }
}

/** Hundredths of a second that the host kept this machine waiting for, all processors together (proc(5), /proc/stat). 0 where nobody says. */
export function stolenTime(): number {
  try {
    return Number(readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.split(/ +/)[8] ?? 0);
  } catch {
    return 0;
  }
}
