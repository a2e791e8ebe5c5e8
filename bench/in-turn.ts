// The order in which what is compared is measured.

/** There and back: what comes late in one round comes early in the next. */
export function inTurn<T>(compared: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? compared : compared.toReversed();
}
