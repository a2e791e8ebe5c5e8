// What the sampling manager answers, checked. Form: jaeger-idl, `sampling.thrift`, as Jaeger writes it in JSON.

import type { OperationStrategies } from "./per-operation-sampler.ts";

export type Strategy =
  | { readonly kind: "operations"; readonly strategies: OperationStrategies }
  | { readonly kind: "share"; readonly samplingRate: number }
  | { readonly kind: "rate"; readonly maxTracesPerSecond: number };

/** The strategy of an answer. Throws an Error for what is none; its message holds nothing of the answer. */
export function strategyOf(answer: string): Strategy {
  const { strategyType, operationSampling, probabilisticSampling, rateLimitingSampling } = fieldsOf(parsed(answer));
  if (isGiven(operationSampling)) return { kind: "operations", strategies: operationsOf(fieldsOf(operationSampling)) };
  // Some write the enumeration's number, and leave its zero, which is PROBABILISTIC, out.
  if (strategyType === "RATE_LIMITING" || strategyType === 1) {
    const { maxTracesPerSecond } = fieldsOf(rateLimitingSampling);
    return { kind: "rate", maxTracesPerSecond: rateOf(maxTracesPerSecond, "maxTracesPerSecond") };
  }
  if (strategyType === "PROBABILISTIC" || strategyType === 0 || strategyType === undefined) {
    return { kind: "share", samplingRate: samplingRateOf(probabilisticSampling) };
  }
  throw new Error("its strategyType is not known");
}

function operationsOf(given: Fields): OperationStrategies {
  const { perOperationStrategies: list } = given;
  if (isGiven(list) && !Array.isArray(list)) throw new Error("perOperationStrategies is no list");
  return {
    defaultSamplingProbability: shareOf(given["defaultSamplingProbability"], "defaultSamplingProbability"),
    defaultLowerBoundTracesPerSecond: rateOf(given["defaultLowerBoundTracesPerSecond"], "defaultLowerBound…"),
    perOperationStrategies: ((list ?? []) as unknown[]).map(fieldsOf).map(({ operation, probabilisticSampling }) => {
      if (typeof operation !== "string") throw new Error("an operation has no name");
      return { operation, probabilisticSampling: { samplingRate: samplingRateOf(probabilisticSampling) } };
    }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    throw new Error("it is no JSON");
  }
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("an object is missing");
  return value as Fields;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function samplingRateOf(value: unknown): number {
  return shareOf(fieldsOf(value)["samplingRate"], "samplingRate");
}

function shareOf(value: unknown, what: string): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new Error(`${what} is no number from 0 to 1`);
}

function rateOf(value: unknown, what: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new Error(`${what} is no number of 0 or more`);
}
