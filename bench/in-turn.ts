// The order in which what is compared is measured.

/** There and back, and each time from the next one on: what comes late in one round comes early in another, and nothing is always beside the same. */
export function inTurn<T>(compared: readonly T[], round: number): readonly T[] {
  const first = round % compared.length;
  const turned = [...compared.slice(first), ...compared.slice(0, first)];
  return round % 2 === 0 ? turned : turned.toReversed();
}
