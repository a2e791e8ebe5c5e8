// Shows ES modules what was patched in Node's modules.

import { syncBuiltinESMExports } from "node:module";

/** How many are under way. */
let patching = 0;

/**
 * Runs `work`, which patches modules of Node or takes that back, and then gives the ES modules that import names from those the new ones:
 * once for all that run inside each other, for Node looks through all of its modules.
 */
export function patchModules<T>(work: () => T): T {
  patching++;
  try {
    return work();
  } finally {
    if (--patching === 0) syncBuiltinESMExports();
  }
}
