// How much baggage one injection writes, all formats together: of more than 16 KiB of headers a server of Node answers 431.

import { MAX_LENGTH, MAX_MEMBERS } from "./baggage-header.ts";

/** How many injections are under way: who is asked for a header may inject himself. */
let depth = 0;
/** What is left; no limit outside of an injection of several formats, for baggage itself has one. */
let bytes = Number.POSITIVE_INFINITY;
let headers = Number.POSITIVE_INFINITY;

/** From now on, and until `endWriting`, there is room for as much as one `baggage` header may hold, in as many headers as that has members. */
export function beginWriting(): void {
  if (depth++ > 0) return;
  bytes = MAX_LENGTH + 1; // an item's two signs are an equals sign and a comma, which the first one lacks
  headers = MAX_MEMBERS;
}

export function endWriting(): void {
  if (--depth > 0) return;
  bytes = Number.POSITIVE_INFINITY;
  headers = Number.POSITIVE_INFINITY;
}

/** Takes the room for a header of so many bytes, and answers whether there was any. */
export function takeRoom(length: number): boolean {
  if (headers < 1 || length > bytes) return false;
  bytes -= length;
  headers--;
  return true;
}
