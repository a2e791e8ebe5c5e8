// Where downloads and builds are kept between runs, outside the repository, and how they come to be there.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { removeFolder, temporaryFolder } from "./temporary-folder.js";

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
  const unfinished = temporaryFolder("unfinished-", cache);
  try {
    await make(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    removeFolder(unfinished);
  }
  return folder;
}

/** Milliseconds for one attempt of a download, for the command that makes it. */
export const DOWNLOAD_LIMIT = 240_000;

/** Milliseconds for a part that downloads: two attempts that hang, and what there is to do. */
export const DOWNLOADING_PART_LIMIT = 900_000;

/** Seconds between the attempts of a download. */
const PAUSES = [2, 10, 30];

/** Runs a download, and again if it fails: four times in all. For downloads alone: what fails otherwise has failed. */
export async function downloading<T>(what: string, download: () => Promise<T>, pauses = PAUSES): Promise<T> {
  for (const pause of pauses) {
    try {
      return await download();
    } catch (error) {
      const reason = (error as Error).message.trimEnd().split("\n").at(-1);
      console.log(`  the download of ${what} failed, again in ${pause} s: ${reason}`);
      await wait(1000 * pause);
    }
  }
  return download();
}
