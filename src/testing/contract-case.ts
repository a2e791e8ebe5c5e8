// One case of a contract suite, for any test runner.

export interface ContractCase {
  name: string;
  run: () => void | Promise<void>;
}
