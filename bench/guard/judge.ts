// Compares what was counted with what it may be.

/** Figures by the name of the measure. */
export type Figures = Readonly<Record<string, number>>;

export interface Verdict {
  readonly measure: string;
  readonly figure: number;
  readonly limit: number;
  /** By how much a figure may be above it. */
  readonly tolerance: number;
  /** `"lower"`: better than the limit by more than chance; the limit should follow. */
  readonly result: "kept" | "exceeded" | "lower";
}

/**
 * By how much figures may differ by chance: bytes by the few that timers of Node's own take, counts by what happens once a
 * second. An added closure has at least 32 bytes, an added listener or promise counts 1.
 */
const TOLERANCES: readonly (readonly [measure: RegExp, tolerance: number])[] = [
  [/bytes/, 16],
  [/async|promises/, 0.05],
];
/** A time: its limit is generous, and does not follow. */
const GENEROUS = /CPU/;

/**
 * A verdict for each measure that has a limit.
 * @throws Error for a limit whose measure was not taken
 */
export function judge(figures: Figures, limits: Figures): Verdict[] {
  return Object.entries(limits).map(([measure, limit]) => {
    const figure = figures[measure];
    if (figure === undefined || Number.isNaN(figure))
      throw new Error(`there is a limit for "${measure}", but it was not measured`);
    const tolerance = TOLERANCES.find(([pattern]) => pattern.test(measure))?.[1] ?? 0;
    const isLower = figure < limit - tolerance && !GENEROUS.test(measure);
    return {
      measure,
      figure,
      limit,
      tolerance,
      result: figure > limit + tolerance ? "exceeded" : isLower ? "lower" : "kept",
    };
  });
}
