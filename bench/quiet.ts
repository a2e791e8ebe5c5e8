// Takes away what disturbs measuring, where Linux lets us: halted cores, and a network that paces its senders.

import { spawnSync } from "node:child_process";
import { openSync, writeSync } from "node:fs";

/** The longest time in microseconds that a core may take to wake, as long as the file is open: Linux, "PM Quality Of Service". */
const WAKING = "/dev/cpu_dma_latency";
/** Set in a process that runs in a network of its own. */
const MARK = "BENCH_OWN_NETWORK";

/**
 * Until this process ends. On a virtual machine an idle core is halted, and who wakes it pays for that: 5 to 10 µs of an answer's
 * `write`, charged to the server whenever the load generator had nothing to do. That is more often so for the slower of two
 * variants, whatever it spent its time on. Answers false where it cannot be done: it needs Linux, and root.
 */
export function keepAwake(): boolean {
  try {
    writeSync(openSync(WAKING, "r+"), new Int32Array([0]));
    return true;
  } catch {
    return false;
  }
}

/** Whether this process runs in a network of its own. */
export const hasOwnNetwork: boolean = process.env[MARK] !== undefined;

/** Loopback alone, and Linux's usual congestion control. */
const SET_UP = "ip link set lo up && echo cubic > /proc/sys/net/ipv4/tcp_congestion_control";

/**
 * Runs this program again in a network of its own, and ends with it. Machines that serve the internet often have TCP send by BBR, which
 * paces: timers and probes of bandwidth, on loopback too, make of one server two that differ by 3 µs a request, for seconds at
 * a time. The machine's own setting is left alone. Returns where that cannot be done: it needs Linux, `unshare` and `ip`.
 */
export function moveToOwnNetwork(): void {
  if (hasOwnNetwork) return;
  const flags = process.getuid?.() === 0 ? ["--net"] : ["--net", "--user", "--map-root-user"];
  const unshared = (script: string, stdio: "ignore" | "inherit") =>
    spawnSync("unshare", [...flags, "sh", "-c", `${SET_UP} && ${script}`, ...process.argv], {
      stdio,
      env: { ...process.env, [MARK]: "1" },
    });
  if (unshared("true", "ignore").status !== 0) return;
  const { status } = unshared('exec "$0" "$@"', "inherit");
  process.exit(status ?? 1);
}
