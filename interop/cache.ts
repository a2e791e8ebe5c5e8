// Where downloads and builds are kept between runs, outside the repository, and how they come to be there.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** The folder `name` of the cache, made: in `$XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(name: string): string {
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "node-opentracing-interop", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * The folder in `cache` that `make` has filled for these sources (lock files, versions, programs), now or in a former run.
 * It appears whole or not at all: one that is interrupted, or run twice at once, does no harm.
 */
export async function made(
  cache: string,
  sources: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 12));
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(join(cache, "unfinished-"));
  try {
    await make(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Seconds between the attempts of a download. */
const PAUSES = [2, 10, 30];

/** Runs a download, and again if it fails: four times in all. For downloads alone: what fails otherwise has failed. */
export async function downloading<T>(what: string, download: () => Promise<T>, pauses = PAUSES): Promise<T> {
  for (const pause of pauses) {
    try {
      return await download();
    } catch (error) {
      console.log(`  download of ${what} failed, again in ${pause} s: ${(error as Error).message.split("\n")[0]}`);
      await wait(1000 * pause);
    }
  }
  return download();
}
