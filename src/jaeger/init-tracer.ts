// jaeger-client's `initTracer` and `initTracerFromEnv`: the same configuration, exported over OTLP.

import { warn } from "../diagnostics.ts";
import { invalid } from "../environment.ts";
import { flushAtExit } from "../report/exit-flush.ts";
import { isObject } from "../settings.ts";
import { checkConfig, type SamplerConfig, type TracingConfig, type TracingOptions, unusedBeside } from "./config.ts";
import { DisabledTracer } from "./disabled-tracer.ts";
import { readJaegerEnvironment } from "./environment.ts";
import { given } from "./given.ts";
import type { InitialisedTracer } from "./initialised-tracer.ts";
import { logProblems, tell } from "./logger.ts";
import { reporterOf } from "./reporters.ts";
import { samplerOf } from "./sampler-types.ts";
import { JaegerTracer } from "./tracer.ts";

/** Milliseconds that the process waits for the last spans at its end. */
const EXIT_LIMIT = 2_000;

/**
 * Makes a tracer from the configuration of jaeger-client 3. What has no effect is told in one warning. `close` it at the end:
 * until then the last spans are sent when the process ends by itself or by a signal, within two seconds.
 *
 * @throws Error without a service name
 * @throws TypeError for a value that is wrong, saying what to write instead
 */
export function initTracer(config: TracingConfig, options: TracingOptions = {}): InitialisedTracer {
  if (isObject(config) !== undefined) {
    throw new TypeError('initTracer(config, options) needs a config: { serviceName: "shop" }');
  }
  const { sampler, reporter, ...rest } = given(config);
  return tracerOf({ ...rest, sampler: given(sampler), reporter: given(reporter) }, given(options));
}

/** The same, where properties of `config` that are not given come from the variables `JAEGER_*`. */
export function initTracerFromEnv(config: TracingConfig = {}, options: TracingOptions = {}): InitialisedTracer {
  const { config: variables, options: more } = readJaegerEnvironment();
  const { disable, reporter } = variables;
  const merged: TracingConfig = {
    ...variables,
    ...given(config),
    disable: config.disable === true || disable === true,
    sampler: mergedSampler(variables.sampler, config.sampler),
    reporter: options.reporter ? config.reporter : { ...reporter, ...given(config.reporter) },
  };
  return initTracer(merged, { ...more, ...given(options) });
}

function tracerOf(config: TracingConfig, options: TracingOptions): InitialisedTracer {
  const ignored = [...checkConfig(config, options), ...unusedBeside(config, options)];
  if (config.disable === true) return new DisabledTracer();
  const { serviceName } = config;
  if (!serviceName) throw new Error("initTracer: config.serviceName must be provided");
  if (ignored.length > 0) {
    const text = `node-opentracing/jaeger makes no use of ${ignored.join(", ")}: see docs/migrating.md`;
    warn("settings.ignored", text, undefined, ignored.length);
  }

  const { reporter, name } = reporterOf(serviceName, config, options);
  const sampler = samplerOf(serviceName, config, options);
  const { logger } = options;
  tell(() => logger?.info(`Initializing Jaeger Tracer with ${name} and ${sampler}`));

  const { contextKey, baggagePrefix, propagators, traceId128bit = config.traceId128bit } = options;
  const spoken = { contextKey, baggagePrefix, propagators, traceId128bit };
  const tracer = new JaegerTracer(serviceName, reporter, sampler, spoken);
  const undoLogging = logger ? logProblems(logger) : undefined;
  const undoFlush = flushAtExit((timeLimit) => tracer.flush(timeLimit), EXIT_LIMIT);
  tracer.onClosed = () => {
    undoFlush();
    undoLogging?.();
  };
  return tracer;
}

/** Undefined where neither says anything: then the sampling manager is asked. */
function mergedSampler(
  variables: Partial<SamplerConfig>,
  config: Partial<SamplerConfig> | undefined,
): SamplerConfig | undefined {
  const merged = { ...variables, ...given(config) };
  if (Object.keys(merged).length === 0) return undefined;
  const { type = "remote", param } = merged;
  const isShare = type === "probabilistic" || type === "remote";
  if (isShare && param !== undefined && param > 1 && param !== config?.param) {
    merged.param = invalid("JAEGER_SAMPLER_PARAM", `a number from 0 to 1 beside the sampler "${type}"`);
  }
  if (merged.type !== undefined && merged.type !== "remote" && merged.param === undefined && !config?.type) {
    warn("environment.invalid", `JAEGER_SAMPLER_TYPE=${merged.type} needs JAEGER_SAMPLER_PARAM; it is ignored`);
    merged.type = undefined;
  }
  return { ...merged, type: merged.type ?? "remote" };
}
