// The configuration of jaeger-client's `initTracer`: what there is, what is checked, what is ignored.

import { isHeaderName } from "../header.ts";
import type { PropagatorName } from "../propagation/default-propagators.ts";
import { isPropagatorList } from "../propagation/default-propagators.ts";
import type { Propagator } from "../propagation/propagator.ts";
import type { Reporter } from "../report/reporter.ts";
import { type Check, hasMethods, isBoolean, isObject, isText, refused, secret, show } from "../settings.ts";
import { isHost } from "./host.ts";
import { isLogger, type Logger } from "./logger.ts";
import { REMOTE_CHECKS, type RemoteSamplerOptions } from "./remote-sampler.ts";
import type { JaegerTracerOptions } from "./tracer.ts";

/** The first argument of `initTracer`. What is not used is told in one warning (`settings.ignored`). */
export interface TracingConfig {
  readonly serviceName?: string | undefined;
  /** True for a tracer that does nothing. */
  readonly disable?: boolean | undefined;
  /** Without it the sampling manager is asked: see `type: "remote"`. */
  readonly sampler?: SamplerConfig | undefined;
  readonly reporter?: ReporterConfig | undefined;
  /** Not used: nothing limits debug traces. */
  readonly throttler?: object | undefined;
  readonly traceId128bit?: boolean | undefined;
  /** Not used: an OTLP span has an id of its own. */
  readonly shareRPCSpan?: boolean | undefined;
  /** The same, as some write it. */
  readonly shareRpcSpan?: boolean | undefined;
}

export interface SamplerConfig {
  readonly type: string;
  /**
   * `const`: 1 or 0; `probabilistic`: a share; `ratelimiting`: traces a second; `remote`: a share until the first answer,
   * 0.001 by default.
   */
  readonly param?: number | undefined;
  readonly hostPort?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly samplingPath?: string | undefined;
  readonly refreshIntervalMs?: number | undefined;
}

export interface ReporterConfig {
  /** Tells `options.logger` of each span. */
  readonly logSpans?: boolean | undefined;
  /** The OTLP address of this host, where there is no `collectorEndpoint`. */
  readonly agentHost?: string | undefined;
  /** Not used: the agent's port spoke UDP. */
  readonly agentPort?: number | undefined;
  /** Not used. */
  readonly agentSocketType?: unknown;
  /** An OTLP address, or the one that jaeger-client had: see `otlpEndpoint`. */
  readonly collectorEndpoint?: string | undefined;
  /** With `password`: basic authentication. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** How long a span waits at most: 1,000 by default. */
  readonly flushIntervalMs?: number | undefined;
  /** For one request with its answer: 5,000 by default. */
  readonly timeoutMs?: number | undefined;
}

/** The second argument of `initTracer`. */
export interface TracingOptions extends JaegerTracerOptions, Omit<RemoteSamplerOptions, "logger" | "metrics"> {
  /** Attributes of this process: its resource. */
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
  /** Told of the start, of problems with sending and sampling, and of spans with `logSpans`. */
  readonly logger?: Logger | undefined;
  /** Takes the finished spans in place of what `config.reporter` says: any reporter of this package. */
  readonly reporter?: Reporter | undefined;
  /** Not used: see `diagnostics()`. */
  readonly metrics?: unknown;
  /** Not used. */
  readonly throttler?: unknown;
  /** Not used. */
  readonly baggageRestrictionManager?: unknown;
  /** Not used. */
  readonly shareRpcSpan?: boolean | undefined;
  readonly propagators?: readonly (PropagatorName | Propagator)[] | undefined;
}

/** For what is there and has no effect. */
const isIgnored: Check = () => undefined;
const isNumber: Check = (value) => (typeof value === "number" && !Number.isNaN(value) ? undefined : "a number");
const isMilliseconds: Check = (value) =>
  typeof value === "number" && value >= 0 && value < 2 ** 31 ? undefined : "milliseconds, from 0 to 2^31 - 1";
const isName: Check = (value) =>
  typeof value === "string" && isHeaderName(value) ? undefined : "a name that HTTP allows for a header";
const isAnyText: Check = (value) => (typeof value === "string" ? undefined : "a text");

const SAMPLER_CHECKS: Readonly<Record<keyof SamplerConfig, Check>> = {
  type: isText,
  param: isNumber,
  hostPort: REMOTE_CHECKS.hostPort,
  host: REMOTE_CHECKS.host,
  port: REMOTE_CHECKS.port,
  samplingPath: REMOTE_CHECKS.samplingPath,
  refreshIntervalMs: isMilliseconds,
};

const REPORTER_CHECKS: Readonly<Record<keyof ReporterConfig, Check>> = {
  logSpans: isBoolean,
  agentHost: isHost,
  agentPort: isIgnored,
  agentSocketType: isIgnored,
  collectorEndpoint: secret(isText),
  username: secret(isAnyText),
  password: secret(isAnyText),
  flushIntervalMs: isMilliseconds,
  timeoutMs: isMilliseconds,
};

const CONFIG_CHECKS: Readonly<Record<keyof TracingConfig, Check>> = {
  serviceName: isText,
  disable: isBoolean,
  sampler: isObject,
  reporter: isObject,
  throttler: isIgnored,
  traceId128bit: isBoolean,
  shareRPCSpan: isIgnored,
  shareRpcSpan: isIgnored,
};

const OPTION_CHECKS: Readonly<Record<keyof TracingOptions, Check>> = {
  ...REMOTE_CHECKS,
  tags: isObject,
  reporter: hasMethods("a reporter, such as new InMemoryReporter()", "report", "flush", "close"),
  contextKey: isName,
  baggagePrefix: isName,
  traceId128bit: isBoolean,
  propagators: isPropagatorList,
  logger: isLogger,
  metrics: isIgnored,
  throttler: isIgnored,
  baggageRestrictionManager: isIgnored,
  shareRpcSpan: isIgnored,
};

/**
 * Throws a TypeError for a value that is wrong, saying what to write instead, and answers what is given and has no effect.
 * What jaeger-client does not know either is ignored, as by jaeger-client, and named too.
 */
export function checkConfig(config: TracingConfig, options: TracingOptions): string[] {
  const ignored: string[] = [];
  check("config", config, CONFIG_CHECKS, ignored);
  check("config.sampler", config.sampler, SAMPLER_CHECKS, ignored);
  check("config.reporter", config.reporter, REPORTER_CHECKS, ignored);
  check("options", options, OPTION_CHECKS, ignored);
  return ignored;
}

/** What has no effect beside something else that is given. */
export function unusedBeside({ sampler, reporter }: TracingConfig, options: TracingOptions): string[] {
  const unused: string[] = [];
  if (sampler) {
    const remote = ["sampler", "hostPort", "host", "port", "samplingPath", "refreshInterval"] as const;
    for (const name of remote) if (options[name]) unused.push(`options.${name} (beside config.sampler)`);
  }
  if (options.reporter && reporter && Object.keys(reporter).length > 0) {
    unused.push("config.reporter (beside options.reporter)");
  }
  if (options.reporter && options.tags && Object.keys(options.tags).length > 0) {
    unused.push("options.tags (beside options.reporter, which knows its process itself)");
  }
  const { collectorEndpoint, agentHost, username, password } = reporter ?? {};
  if (collectorEndpoint && agentHost) unused.push("config.reporter.agentHost (beside collectorEndpoint)");
  if (!username !== !password) unused.push("config.reporter.username or password (one without the other)");
  return unused;
}

function check(
  of: string,
  given: object | undefined,
  checks: Readonly<Record<string, Check>>,
  ignored: string[],
): void {
  if (given === undefined) return;
  if (isObject(given) !== undefined) throw new TypeError(`initTracer: ${of} must be an object, not ${show(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const known = Object.hasOwn(checks, name) ? checks[name]! : isIgnored;
    if (known === isIgnored) ignored.push(`${of}.${name}`);
    const expected = known(value);
    if (expected !== undefined)
      throw new TypeError(`initTracer: ${of}.${name} must be ${expected}, not ${refused(known, value)}`);
  }
}
