// Updates the names that ES modules have imported from Node's modules, where those were patched.

import { syncBuiltinESMExports } from "node:module";
import type { Undo } from "../patch.ts";

/** Calls under way. */
let depth = 0;

/**
 * Runs `work`, which patches modules of Node or takes that back, and then updates what ES modules have imported from them: once where calls are
 * nested, for Node goes through all of its modules. Answers what `work` answers, and throws what it throws, after the same update.
 */
export function syncAfter<T>(work: () => T): T {
  depth++;
  try {
    return work();
  } finally {
    if (--depth === 0) syncBuiltinESMExports();
  }
}

/** Runs `patchAll`, and answers its undo: both with that update. */
export function synced(patchAll: () => Undo): Undo {
  const undo = syncAfter(patchAll);
  return () => syncAfter(undo);
}
