// The order in which what is compared is measured.

import { repeatable } from "./statistics.ts";

/** Each round in another order, the same each time: what comes late in one round comes early in another, and nothing is always beside the same. */
export function inTurn<T>(compared: readonly T[], round: number): readonly T[] {
  const random = repeatable(2_463_534_242 ^ Math.imul(round + 1, 0x9e3779b9));
  const shuffled = [...compared];
  for (let left = shuffled.length; left > 1; left--) {
    const at = Math.floor(random() * left);
    [shuffled[at], shuffled[left - 1]] = [shuffled[left - 1]!, shuffled[at]!];
  }
  return shuffled;
}
