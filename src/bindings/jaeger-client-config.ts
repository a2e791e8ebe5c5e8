// What jaeger-client's config may hold: it leaves out in silence what it does not know, and traces nothing, or sends to nobody.

import { type Check, checkOptions, httpUrl, isBoolean, isText, secret } from "../settings.ts";
import type { Asked } from "./bound-tracer.ts";
import { anyNamed, isRecord, positional } from "./tracer-parameters.ts";

export interface JaegerClientConfig {
  readonly serviceName?: string;
}

const TYPES = ["const", "probabilistic", "ratelimiting", "remote"];

const CHECKS: Readonly<Record<string, Check>> = {
  serviceName: isText,
  disable: isBoolean,
  traceId128bit: isBoolean,
  sampler: isRecord,
  "sampler.type": (value) => (TYPES.includes(value as string) ? undefined : `one of ${TYPES.join(", ")}`),
  "sampler.param": (value) => (typeof value === "number" ? undefined : 'a number: { type: "const", param: 1 }'),
  ...anyOf("sampler", ["hostPort", "host", "port", "samplingPath", "refreshIntervalMs"]),
  reporter: secret(isRecord),
  "reporter.collectorEndpoint": secret(httpUrl("http://localhost:14268/api/traces")),
  ...anyOf("reporter", ["logSpans", "agentHost", "agentPort", "agentSocketType"]),
  ...anyOf("reporter", ["username", "password", "flushIntervalMs", "timeoutMs"]),
  throttler: isRecord,
  ...anyOf("throttler", ["host", "port", "refreshIntervalMs"]),
};

/**
 * `tracerParameters` as the two arguments of its `initTracer`.
 *
 * @throws TypeError for what is wrong, saying what to write instead
 */
export function jaegerClientArguments({ parameters }: Asked): [config: JaegerClientConfig, options: object] {
  const [config = {}, options = {}, ...others] = positional(parameters);
  const of = "tracerParameters of jaeger-client";
  if (others.length > 0) throw new TypeError(`${of}: there are two arguments, its config and its options`);
  checkOptions(of, isRecord(config) === undefined ? flat(config as object) : config, CHECKS);
  const expected = isRecord(options);
  if (expected !== undefined) throw new TypeError(`${of}: the second argument must be ${expected} of options`);
  return [config as JaegerClientConfig, options as object];
}

/** `{ reporter: { logSpans } }` as `{ "reporter.logSpans" }`. */
function flat(config: object): object {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) =>
      isRecord(value) === undefined
        ? Object.entries(value as object).map(([inner, one]) => [`${name}.${inner}`, one])
        : [[name, value]],
    ),
  );
}

function anyOf(of: string, names: readonly string[]): Record<string, Check> {
  return anyNamed(names.map((name) => `${of}.${name}`));
}
