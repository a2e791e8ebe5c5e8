// The samplers that a configuration can name.

import type { SamplerConfig, TracingConfig, TracingOptions } from "./config.ts";
import { RemoteSampler, type RemoteSamplerOptions } from "./remote-sampler.ts";
import { ConstSampler, type JaegerSampler, ProbabilisticSampler, RateLimitingSampler } from "./samplers.ts";

/** What `sampler.type` and JAEGER_SAMPLER_TYPE can be. */
export const SAMPLER_TYPES: readonly string[] = ["const", "probabilistic", "ratelimiting", "remote"];

/** The sampler of a configuration, a remote one by default. Throws a TypeError for what is wrong. */
export function samplerOf(
  serviceName: string,
  { sampler: config }: TracingConfig,
  { sampler, hostPort, host, port, samplingPath, refreshInterval, maxOperations, onSamplerUpdate }: TracingOptions,
): JaegerSampler {
  const given = { maxOperations, onSamplerUpdate };
  if (config === undefined) {
    return new RemoteSampler(serviceName, { ...given, sampler, hostPort, host, port, samplingPath, refreshInterval });
  }
  switch (config.type) {
    case "const":
      return new ConstSampler(paramOf(config) === 1);
    case "probabilistic":
      return new ProbabilisticSampler(paramOf(config));
    case "ratelimiting":
      return new RateLimitingSampler(paramOf(config));
    case "remote":
      return new RemoteSampler(serviceName, { ...given, ...remoteOptions(config) });
    default:
      throw new TypeError(`initTracer: config.sampler.type must be one of ${SAMPLER_TYPES.join(", ")}`);
  }
}

function remoteOptions(config: SamplerConfig): RemoteSamplerOptions {
  const { param, hostPort, host, port, samplingPath, refreshIntervalMs } = config;
  return {
    sampler: param === undefined ? undefined : new ProbabilisticSampler(param),
    hostPort,
    host,
    port,
    samplingPath,
    refreshInterval: refreshIntervalMs,
  };
}

function paramOf({ type, param }: SamplerConfig): number {
  if (typeof param === "number") return param;
  throw new TypeError(`initTracer: config.sampler.param must be a number for the type "${type}"`);
}
