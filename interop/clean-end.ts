// However the run ends, nothing of it stays.

import { killChildren } from "./child.js";
import { removeFolders } from "./temporary-folder.js";

/** From now on this process kills its children and removes its temporary folders at its end, by a signal too: then it ends with 1. */
export function endCleanly(): void {
  process.on("exit", () => {
    killChildren();
    removeFolders();
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
}
