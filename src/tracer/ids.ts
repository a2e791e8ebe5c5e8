// Random ids: 32 random bits at a time from xorshift128, seeded from the system's generator.
// An id must be unlikely to repeat, not hard to guess; asking the system for each one costs more than the rest of a span.

const seed = filled(new Int32Array(4));
let x = seed[0]! | 1; // the state must not be all zero
let y = seed[1]!;
let z = seed[2]!;
let w = seed[3]!;

/** 32 random bits as a signed word (Marsaglia, "Xorshift RNGs", 2003: period 2^128 - 1). */
export function randomWord(): number {
  const t = x ^ (x << 11);
  x = y;
  y = z;
  z = w;
  w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
  return w;
}

/** With random words of the system: Node's own function, for it is there already; what the Web has takes a millisecond to load in Node. */
function filled(words: Int32Array<ArrayBuffer>): Int32Array {
  const own = globalThis.process?.getBuiltinModule?.("node:crypto");
  return own === undefined ? globalThis.crypto.getRandomValues(words) : own.randomFillSync(words);
}
