// The variables of jaeger-client, as the configuration that they stand for.

import { warn } from "../diagnostics.ts";
import { defined, duration, invalid, number, processVariables, text, url, type Variables } from "../environment.ts";
import type { Check } from "../settings.ts";
import type { ReporterConfig, SamplerConfig, TracingConfig, TracingOptions } from "./config.ts";
import { isHost, isHostPort } from "./host.ts";
import { SAMPLER_TYPES } from "./sampler-types.ts";

/** What the environment says, without what it does not say. A sampler may be there in part. */
export interface JaegerEnvironment {
  readonly config: Omit<TracingConfig, "sampler"> & { readonly sampler: Partial<SamplerConfig> };
  readonly options: Pick<TracingOptions, "tags" | "maxOperations">;
}

/** Older names of variables: jaeger-client 3 still takes them. */
const OLDER: Readonly<Record<string, string>> = {
  JAEGER_SAMPLER_HOST: "JAEGER_SAMPLER_MANAGER_HOST_PORT",
  JAEGER_SAMPLER_PORT: "JAEGER_SAMPLER_MANAGER_HOST_PORT",
  JAEGER_REPORTER_ENDPOINT: "JAEGER_ENDPOINT",
  JAEGER_REPORTER_USER: "JAEGER_USER",
  JAEGER_REPORTER_PASSWORD: "JAEGER_PASSWORD",
  JAEGER_REPORTER_AGENT_HOST: "JAEGER_AGENT_HOST",
  JAEGER_REPORTER_AGENT_PORT: "JAEGER_AGENT_PORT",
  JAEGER_DISABLE: "JAEGER_DISABLED",
};

const USED: ReadonlySet<string> = new Set([
  ...["SERVICE_NAME", "DISABLED", "TAGS", "TRACEID_128BIT"].map((name) => `JAEGER_${name}`),
  ...["ENDPOINT", "USER", "PASSWORD", "AGENT_HOST", "SAMPLING_ENDPOINT"].map((name) => `JAEGER_${name}`),
  ...["LOG_SPANS", "FLUSH_INTERVAL", "TIMEOUT"].map((name) => `JAEGER_REPORTER_${name}`),
  ...["TYPE", "PARAM", "MANAGER_HOST_PORT", "SAMPLING_PATH", "REFRESH_INTERVAL", "MAX_OPERATIONS"].map(
    (name) => `JAEGER_SAMPLER_${name}`,
  ),
  ...Object.keys(OLDER).filter((name) => name !== "JAEGER_REPORTER_AGENT_PORT"),
]);

/**
 * Reads all variables. An empty one counts as unset; one that is wrong counts as unset too, and is counted and warned about
 * (`environment.invalid`), never shown. What has no effect is named in one warning (`settings.ignored`). Never throws.
 */
export function readJaegerEnvironment(variables: Variables = processVariables()): JaegerEnvironment {
  tellUnused(variables);
  return {
    config: defined({
      serviceName: text(variables, "JAEGER_SERVICE_NAME"),
      disable: isTrue(variables, "JAEGER_DISABLED") || isTrue(variables, "JAEGER_DISABLE") || undefined,
      traceId128bit: isTrue(variables, "JAEGER_TRACEID_128BIT") || undefined,
      sampler: sampler(variables),
      reporter: reporter(variables),
    }) as JaegerEnvironment["config"],
    options: defined({
      tags: tags(variables),
      maxOperations: number(variables, "JAEGER_SAMPLER_MAX_OPERATIONS", 1),
    }),
  };
}

function sampler(variables: Variables): Partial<SamplerConfig> {
  const port = number(variables, "JAEGER_SAMPLER_PORT", 1, 65_535);
  const type = text(variables, "JAEGER_SAMPLER_TYPE")?.toLowerCase();
  const isKnown = type === undefined || SAMPLER_TYPES.includes(type);
  if (!isKnown) invalid("JAEGER_SAMPLER_TYPE", SAMPLER_TYPES.join(", "));
  return defined({
    type: isKnown ? type : undefined,
    param: isKnown ? number(variables, "JAEGER_SAMPLER_PARAM", 0, undefined, false) : undefined,
    hostPort:
      checked(variables, "JAEGER_SAMPLER_MANAGER_HOST_PORT", isHostPort) ??
      checked(variables, "JAEGER_SAMPLING_ENDPOINT", isHostPort),
    host: checked(variables, "JAEGER_SAMPLER_HOST", isHost),
    port,
    samplingPath: text(variables, "JAEGER_SAMPLER_SAMPLING_PATH"),
    refreshIntervalMs: duration(variables, "JAEGER_SAMPLER_REFRESH_INTERVAL"),
  });
}

function reporter(variables: Variables): ReporterConfig {
  return defined({
    logSpans: isTrue(variables, "JAEGER_REPORTER_LOG_SPANS") || undefined,
    flushIntervalMs: duration(variables, "JAEGER_REPORTER_FLUSH_INTERVAL"),
    timeoutMs: duration(variables, "JAEGER_REPORTER_TIMEOUT"),
    collectorEndpoint: url(variables, "JAEGER_ENDPOINT") ?? url(variables, "JAEGER_REPORTER_ENDPOINT"),
    agentHost:
      checked(variables, "JAEGER_AGENT_HOST", isHost) ?? checked(variables, "JAEGER_REPORTER_AGENT_HOST", isHost),
    username: text(variables, "JAEGER_USER") ?? text(variables, "JAEGER_REPORTER_USER"),
    password: text(variables, "JAEGER_PASSWORD") ?? text(variables, "JAEGER_REPORTER_PASSWORD"),
  });
}

function checked(variables: Variables, name: string, check: Check): string | undefined {
  const given = text(variables, name);
  const expected = given === undefined ? undefined : check(given);
  return expected === undefined ? given : invalid(name, expected);
}

/** `name=value` between commas; a value `${NAME:default}` is that of another variable. An item without either is left out. */
function tags(variables: Variables): Record<string, string> | undefined {
  const list = text(variables, "JAEGER_TAGS");
  if (list === undefined) return undefined;
  const result: [string, string][] = [];
  for (const item of list.split(",")) {
    if (item.trim() === "") continue;
    const equals = item.indexOf("=");
    const name = item.slice(0, Math.max(0, equals)).trim();
    if (name === "") {
      invalid("JAEGER_TAGS", "name=value pairs between commas");
      continue;
    }
    const value = tagValue(item.slice(equals + 1).trim(), variables);
    if (value !== "") result.push([name, value]);
  }
  return Object.fromEntries(result);
}

function tagValue(value: string, variables: Variables): string {
  if (!value.startsWith("${") || !value.endsWith("}")) return value;
  const inner = value.slice(2, -1);
  const colon = inner.indexOf(":");
  if (colon < 0) return variables[inner] ?? "";
  return variables[inner.slice(0, colon)] || inner.slice(colon + 1);
}

/** `true` and `1`, as Jaeger's clients in other languages take them too. */
function isTrue(variables: Variables, name: string): boolean {
  const value = text(variables, name)?.toLowerCase();
  if (value !== undefined && !["true", "false", "1", "0"].includes(value)) invalid(name, "true or false");
  return value === "true" || value === "1";
}

function tellUnused(variables: Variables): void {
  const given = Object.keys(variables).filter((name) => name.startsWith("JAEGER_") && variables[name] !== "");
  const unused = given.filter((name) => !USED.has(name));
  if (unused.length > 0) {
    const what = `node-opentracing/jaeger does not use ${unused.join(", ")}: see docs/migrating.md`;
    warn("settings.ignored", what, undefined, unused.length);
  }
  const older = given.filter((name) => name in OLDER && !unused.includes(name));
  if (older.length > 0) {
    const what = older.map((name) => `${name} is now ${OLDER[name]}`).join(", ");
    warn("settings.ignored", `older names of variables, still taken: ${what}`, undefined, older.length);
  }
}
