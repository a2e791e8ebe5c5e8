// How much baggage one injection writes, all formats together: of more than 16 KiB of headers a server of Node answers 431.

import { MAX_LENGTH, MAX_MEMBERS } from "./baggage-header.ts";

/** What is left; no limit outside of an injection of several formats, for baggage itself has one. */
let bytes = Number.POSITIVE_INFINITY;
let headers = Number.POSITIVE_INFINITY;

/** From now on, and until `endWriting`, there is room for as much as one `baggage` header may hold, in as many headers as that has members. */
export function beginWriting(): void {
  bytes = MAX_LENGTH;
  headers = MAX_MEMBERS;
}

export function endWriting(): void {
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
