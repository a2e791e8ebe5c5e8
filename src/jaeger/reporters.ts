// The reporter of a configuration: OTLP, to where the spans went that jaeger-client sent.

import { MultiReporter } from "../report/multi-reporter.ts";
import { OtlpReporter } from "../report/otlp-reporter.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Resource } from "../report/resource.ts";
import type { ReporterConfig, TracingConfig, TracingOptions } from "./config.ts";
import { agentEndpoint, otlpEndpoint } from "./endpoint.ts";
import { LoggingReporter } from "./logging-reporter.ts";

/** Milliseconds, as jaeger-client has them. */
const FLUSH_INTERVAL = 1_000;
const TIMEOUT = 5_000;

/** The reporter, and how it is named in a log. Throws a TypeError for what is wrong. */
export function reporterOf(
  serviceName: string,
  { reporter: given }: TracingConfig,
  { reporter, logger, tags }: TracingOptions,
): { readonly reporter: Reporter; readonly name: string } {
  if (reporter !== undefined) return { reporter, name: reporter.constructor.name };
  const config = given ?? {};
  const endpoint = endpointOf(config);
  const otlp = new OtlpReporter({
    endpoint,
    headers: credentialsOf(config),
    serviceName,
    resource: tags === undefined ? undefined : resourceOf(tags),
    scheduleDelay: config.flushIntervalMs || FLUSH_INTERVAL,
    timeout: config.timeoutMs || TIMEOUT,
  });
  const all = config.logSpans === true ? new MultiReporter([new LoggingReporter(logger), otlp]) : otlp;
  const { origin, pathname } = new URL(endpoint);
  return { reporter: all, name: `OtlpReporter(${origin}${pathname})` };
}

function endpointOf({ collectorEndpoint, agentHost }: ReporterConfig): string {
  return collectorEndpoint ? otlpEndpoint(collectorEndpoint) : agentEndpoint(agentHost || "localhost");
}

/** Basic authentication; only with both, as jaeger-client has it. */
function credentialsOf({ username, password }: ReporterConfig): Record<string, string> | undefined {
  if (!username || !password) return undefined;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** Attributes are texts, numbers and booleans: anything else becomes text, and what is missing is left out. */
function resourceOf(tags: Readonly<Record<string, unknown>>): Resource {
  const given = Object.entries(tags).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, attributeOf(value)]));
}

function attributeOf(value: unknown): string | number | boolean {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  try {
    return (typeof value === "object" ? JSON.stringify(value) : undefined) ?? String(value);
  } catch {
    return String(value);
  }
}
