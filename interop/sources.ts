// What a program that is built into the cache is made of: a build is used again while all of it is the same.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The names and the contents of all files below a folder, in an order that is always the same. */
export function sourcesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort().flatMap((file) => [file, readFileSync(file, "utf8")]);
}
