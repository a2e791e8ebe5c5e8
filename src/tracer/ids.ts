// Random ids: 32 random bits at a time from xorshift128, seeded from the system's generator.
// An id must be unlikely to repeat, not hard to guess; asking the system for each one costs more than the rest of a span.

const seed = randomSeed();
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

/** Four words of the system's generator: of Node's own where there is one, for what the Web has takes a millisecond to load there. */
function randomSeed(): Int32Array {
  // Reached through `process`, not imported, so that this file also loads where there is no Node.
  const nodeCrypto = globalThis.process?.getBuiltinModule?.("node:crypto");
  const words = new Int32Array(4);
  return nodeCrypto === undefined ? globalThis.crypto.getRandomValues(words) : nodeCrypto.randomFillSync(words);
}
