// What a contract suite consists of, whichever test runner runs it.

/**
 * One requirement: `run` throws, or rejects with, an AssertionError where it is not met. Hand `skip` to your test runner:
 * `test(one.name, { skip: one.skip ?? false }, one.run)`.
 */
export interface ContractCase {
  readonly name: string;
  readonly run: () => void | Promise<void>;
  /** Why it is not to be run. */
  readonly skip?: string;
}

/** A case that somebody cannot pass, by its name, and why. */
export interface ContractSkip {
  readonly test: string;
  readonly reason: string;
}

/**
 * The cases, those to skip marked.
 *
 * @throws Error where `skip` names no case, so that none outlives the case it was made for
 */
export function withSkips(cases: readonly ContractCase[], skip: readonly ContractSkip[] = []): ContractCase[] {
  for (const { test } of skip) {
    if (!cases.some(({ name }) => name === test)) throw new Error(`the contract has no case "${test}" to skip`);
  }
  return cases.map((one) => {
    const skipped = skip.find(({ test }) => test === one.name);
    return skipped === undefined ? one : { ...one, skip: skipped.reason };
  });
}
