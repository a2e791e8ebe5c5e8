// Halted cores disturb measuring: keeps them awake, where Linux lets us and where that helps.

import { closeSync, openSync, writeSync } from "node:fs";
import { Child } from "./child.ts";
import { load } from "./load/load.ts";

/** The longest time in microseconds that a core may take to wake, as long as the file is open: Linux, "PM Quality Of Service". */
const WAKING = "/dev/cpu_dma_latency";

/**
 * Keeps idle cores awake until this process ends, or what it answers is called. On a virtual machine an idle core is halted, and who wakes it pays for that: 5 to
 * 10 µs of an answer's `write`, charged to the server whenever the load generator had nothing to do. That is more often so for the
 * slower of two variants, whatever it spent its time on. Answers undefined where it cannot be done: it needs Linux, and root.
 */
function keepAwake(): (() => void) | undefined {
  try {
    const file = openSync(WAKING, "r+");
    writeSync(file, new Int32Array([0]));
    return () => closeSync(file);
  } catch {
    return undefined;
  }
}

/**
 * Keeps idle cores awake where that does not slow down an untraced server, by which it is measured: on some virtual machines a core that waits awake takes from the
 * others, and 80,000 requests a second become 20,000. Answers whether they are kept awake.
 *
 * @param node the Node of the server
 */
export async function keepAwakeUnlessSlower(node: string): Promise<boolean> {
  const server = new Child("measured", "server", { node, args: ["untraced", "hello", "0", "0", "0"] });
  try {
    const how = { port: await server.answer<number>(), path: "/hello", connections: 32, seconds: 1 };
    await load({ ...how, seconds: 2 });
    const { rate: halted } = await load(how);
    const release = keepAwake();
    if (release === undefined) return false;
    const { rate: awake } = await load(how);
    const isSlower = awake < halted * 0.9;
    if (isSlower) release();
    return !isSlower;
  } finally {
    await server.end();
  }
}
