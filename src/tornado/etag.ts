// Etags: a digest of what was written, and whether the client has it already.

import { createHash } from "node:crypto";

/** The entity tag of a body: its SHA-1, in quotes. */
export function etagOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha1");
  for (const chunk of chunks) hash.update(chunk);
  return `"${hash.digest("hex")}"`;
}

/** Whether an If-None-Match header names the tag; compared weakly, as RFC 9110, section 13.1.2 has it. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined || etag === "") return false;
  if (ifNoneMatch.trim() === "*") return true;
  const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => strong(tag) === strong(etag));
}

function strong(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
