// Keeps idle cores awake while something is measured, where Linux lets us.

import { openSync, writeSync } from "node:fs";

/** The longest time in microseconds that a core may take to wake, as long as the file is open: Linux, "PM Quality Of Service". */
const WAKING = "/dev/cpu_dma_latency";

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
