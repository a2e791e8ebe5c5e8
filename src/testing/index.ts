// node-opentracing/testing: what this project tests itself with.

export { MemoryReporter } from "../report/memory-reporter.ts";
export {
  type ContractClient,
  type ContractRequest,
  type ContractResponse,
  clientContract,
} from "./client-contract.ts";
export type { ContractCase, ContractSkip } from "./contract-case.ts";
export type { ContractConnection } from "./contract-connection.ts";
export { type PropagationContractOptions, propagationContract } from "./propagation-contract.ts";
export { RawClient } from "./raw-client.ts";
export {
  type ContractApp,
  type ContractHost,
  type ContractRoute,
  type ContractSetup,
  contractError,
  serverContract,
} from "./server-contract.ts";
export { type SpanTreeOptions, spanTree } from "./span-tree.ts";
