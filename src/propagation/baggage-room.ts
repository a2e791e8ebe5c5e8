// How much baggage one injection writes, all formats together: of more than 16 KiB of headers a server of Node answers 431.

import { MAX_LENGTH, MAX_MEMBERS } from "./baggage-header.ts";

/** How many injections are under way: who is asked for a header may inject himself. Outside of any there is no limit, for baggage itself has one. */
let depth = 0;
/** What is left. */
let bytes = 0;
let headers = 0;

/** From now on, and until `endWriting`, there is room for as much as one `baggage` header may hold, in as many headers as that has members. */
export function beginWriting(): void {
  if (depth++ > 0) return;
  bytes = MAX_LENGTH + 1; // an item's two signs are an equals sign and a comma, which the first one lacks
  headers = MAX_MEMBERS;
}

export function endWriting(): void {
  depth--;
}

/** Takes the room for a header of so many bytes, and answers whether there was any. */
export function takeRoom(length: number): boolean {
  if (depth === 0) return true;
  if (headers < 1 || length > bytes) return false;
  bytes -= length;
  headers--;
  return true;
}
