// What is said of many measurements: medians, quartiles, and differences within one round.

/** The value below which that share of the values lies, 0.5 for the median; between two values in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The median with the lowest and the highest beside it. */
export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function summary(values: readonly number[]): Summary {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}

/** One measured period of one variant. */
export interface Period {
  readonly variant: string;
  readonly generation: number;
  readonly round: number;
}

/**
 * Compares each period of a variant with the base variant's of the same generation and round: the machine's slow minutes hit both.
 * Periods without a partner are left out.
 */
export function paired<P extends Period>(
  periods: readonly P[],
  variant: string,
  base: string,
  compare: (own: P, other: P) => number,
): number[] {
  const results: number[] = [];
  for (const own of periods.filter((one) => one.variant === variant)) {
    const other = periods.find(
      (one) => one.variant === base && one.generation === own.generation && one.round === own.round,
    );
    if (other !== undefined) results.push(compare(own, other));
  }
  return results;
}

/** Numbers from 0 to 1 that are the same each time: Marsaglia's xorshift of 32 bits ("Xorshift RNGs", 2003). */
export function repeatable(seed = 2463534242): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** As many periods as there are, drawn with replacement: generations first, whose processes differ, then rounds within each. */
export function redrawn<P extends Period>(periods: readonly P[], random: () => number): P[] {
  const generations = grouped(periods, ({ generation }) => generation).map((own) => grouped(own, ({ round }) => round));
  const drawn = generations.map(() => oneOf(generations, random));
  return drawn.flatMap((rounds, generation) =>
    rounds.flatMap((_, round) => oneOf(rounds, random).map((period) => ({ ...period, generation, round }))),
  );
}

export function oneOf<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}

function grouped<T>(values: readonly T[], keyOf: (value: T) => number): T[][] {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
}
