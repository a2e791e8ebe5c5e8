// Folders that do not outlive the run, however it ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();

/** Makes an empty folder in `parent`, by default where the system keeps such. It stays until `removeFolder`, or the end of the run. */
export function temporaryFolder(prefix: string, parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, prefix));
  folders.add(folder);
  return folder;
}

/** Removes it with all that is in it; nothing where it is gone, or has another name now. */
export function removeFolder(folder: string): void {
  // Processes that were just killed may still be writing.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  folders.delete(folder);
}

/** Removes all that are left, for the end of this process. */
export function removeFolders(): void {
  for (const folder of folders) removeFolder(folder);
}
