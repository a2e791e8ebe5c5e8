// What a contract suite consists of, whichever test runner runs it.

/** One requirement: `run` throws, or rejects with, an AssertionError where it is not met. */
export interface ContractCase {
  name: string;
  run: () => void | Promise<void>;
}
