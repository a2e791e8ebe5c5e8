// The tracer that is made when nobody brings one: from settings, else from the environment, else by default.

import { type Environment, type ExporterName, leftOut } from "./environment.ts";
import {
  FORMATS,
  isFormat,
  isPropagatorList,
  type PropagatorName,
  propagatorsByName,
} from "./propagation/default-propagators.ts";
import type { Propagator } from "./propagation/propagator.ts";
import { ConsoleReporter } from "./report/console-reporter.ts";
import { MultiReporter } from "./report/multi-reporter.ts";
import { OtlpReporter } from "./report/otlp-reporter.ts";
import type { Reporter } from "./report/reporter.ts";
import { ZipkinReporter } from "./report/zipkin-reporter.ts";
import { type Check, hasMethods, isText, secret } from "./settings.ts";
import { ALWAYS, NEVER, ParentBasedSampler, RatioSampler, type Sampler } from "./tracer/sampler.ts";
import { Tracer } from "./tracer/tracer.ts";

/** What settings can say of the built-in tracer. Each wins over its environment variable. */
export interface BuiltInOptions {
  /** The name of this service: OTEL_SERVICE_NAME by default, else `unknown_service:node`. */
  readonly serviceName?: string | undefined;
  /** Takes the finished spans, in place of what OTEL_TRACES_EXPORTER names (`otlp` by default). */
  readonly reporter?: Reporter | undefined;
  /** Decides which traces are recorded: OTEL_TRACES_SAMPLER by default, else all, or what the caller decided. */
  readonly sampler?: Sampler | undefined;
  /**
   * The header formats to read and write, in this order, by name or your own: OTEL_PROPAGATORS by default, else
   * `["tracecontext", "baggage"]`. `["none"]` for none at all.
   */
  readonly propagators?: readonly (PropagatorName | Propagator)[] | undefined;
}

export const BUILT_IN_CHECKS: Readonly<Record<keyof BuiltInOptions, Check>> = {
  serviceName: isText,
  reporter: secret(hasMethods("a reporter", "report", "flush", "close")),
  sampler: hasMethods("a sampler", "isSampled"),
  propagators: isPropagatorList,
};

/** Makes it. Never throws for what the environment says: that is counted and warned about, and left out. */
export function builtInTracer(options: BuiltInOptions, environment: Environment): Tracer {
  const serviceName = options.serviceName ?? environment.serviceName;
  if (serviceName !== undefined) options.reporter?.nameService?.(serviceName);
  return new Tracer({
    reporter: options.reporter ?? reporterOf(serviceName, environment),
    sampler: options.sampler ?? samplerOf(environment),
    propagators: options.propagators ?? propagatorsOf(environment),
    limits: environment.limits,
  });
}

function reporterOf(serviceName: string | undefined, environment: Environment): Reporter {
  const names = environment.exporters ?? ["otlp"];
  const reporters = names.map((name) => reporterNamed(name, serviceName, environment));
  return reporters.length === 1 ? reporters[0]! : new MultiReporter(reporters);
}

function reporterNamed(
  name: ExporterName,
  serviceName: string | undefined,
  { otlp, zipkin, batch, resource }: Environment,
): Reporter {
  switch (name) {
    case "otlp":
      return new OtlpReporter({ ...otlp, ...batch, serviceName, resource });
    case "zipkin":
      return new ZipkinReporter({ ...zipkin, ...batch, serviceName });
    case "console":
      return new ConsoleReporter({ serviceName });
  }
}

function samplerOf({ sampler: choice }: Environment): Sampler | undefined {
  if (choice === undefined) return undefined;
  const roots = { always_on: ALWAYS, always_off: NEVER, traceidratio: new RatioSampler(choice.ratio) };
  const root = roots[choice.root];
  return choice.isParentBased ? new ParentBasedSampler(root) : root;
}

/** The known ones of the names; by default where none of several is known. */
function propagatorsOf({ propagators: names }: Environment): Propagator[] | undefined {
  if (names === undefined || names.length === 0) return names as [] | undefined;
  const known = names.filter(isFormat);
  if (known.length < names.length) leftOut("OTEL_PROPAGATORS", `a list of ${FORMATS}, or none`);
  return known.length === 0 ? undefined : propagatorsByName(known);
}
