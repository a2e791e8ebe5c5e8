// What a contract suite consists of, whichever test runner runs it.

/** One requirement: `run` throws, or rejects with, an AssertionError where it is not met. */
export interface ContractCase {
  name: string;
  run: () => void | Promise<void>;
}

/** A case that somebody cannot pass, by its name, and why. */
export interface ContractSkip {
  readonly test: string;
  readonly reason: string;
}

/**
 * The cases; those to skip are still listed, with the reason in their names.
 *
 * @throws Error where `skip` names no case, so that none outlives the case it was made for
 */
export function withSkips(cases: readonly ContractCase[], skip: readonly ContractSkip[] = []): ContractCase[] {
  for (const { test } of skip) {
    if (!cases.some(({ name }) => name === test)) throw new Error(`the contract has no case "${test}" to skip`);
  }
  return cases.map((one) => {
    const skipped = skip.find(({ test }) => test === one.name);
    return skipped === undefined ? one : { name: `${one.name} (skipped: ${skipped.reason})`, run: () => {} };
  });
}
