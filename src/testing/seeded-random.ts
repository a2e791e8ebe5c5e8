// Random values that are the same in each run: for tests that try many inputs and must be free of chance.

/** A generator of random values, set by its seed. */
export interface SeededRandom {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number from 0 up to, not including, `limit`. */
  integer(limit: number): number;
  /** One of these. */
  pick<T>(from: readonly T[]): T;
  /** `text` with one thing wrong: a character changed, dropped or inserted, or an end cut off. */
  mutated(text: string): string;
}

/** The generator with this seed, a whole number (mulberry32). */
export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(from: readonly T[]): T => from[integer(from.length)]!;
  const mutated = (text: string): string => {
    const at = integer(text.length + 1);
    const character = integer(4) === 0 ? String.fromCharCode(integer(0x10000)) : String.fromCharCode(integer(0x100));
    switch (integer(5)) {
      case 0:
        return text.slice(0, at) + character + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + character + text.slice(at);
      case 3:
        return text.slice(0, at);
      default:
        return text.slice(at);
    }
  };
  return { next, integer, pick, mutated };
}
