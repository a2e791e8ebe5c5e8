// The environment variables, OpenTelemetry's and two of our own: the only file that reads process.env.

import { warn } from "./diagnostics.ts";
import { isFraming, isHeaderName, isHeaderValue } from "./header.ts";

/** What the environment says, as plain data. `undefined` where it says nothing; then the defaults of the code hold. */
export interface Environment {
  /** OTEL_SDK_DISABLED: trace nothing. */
  readonly isDisabled: boolean;
  /** OPENTRACING_TRACER: a `tracerCallable`. Not checked. */
  readonly tracer: string | undefined;
  /** OPENTRACING_TRACER_PARAMETERS, an object or array as JSON: its `tracerParameters`. */
  readonly tracerParameters: object | readonly unknown[] | undefined;
  /** OTEL_SERVICE_NAME, else `service.name` of OTEL_RESOURCE_ATTRIBUTES. */
  readonly serviceName: string | undefined;
  /** OTEL_RESOURCE_ATTRIBUTES. */
  readonly resource: Readonly<Record<string, string>>;
  /** OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. */
  readonly sampler: SamplerChoice | undefined;
  /** OTEL_TRACES_EXPORTER; empty for `none`. */
  readonly exporters: readonly ExporterName[] | undefined;
  /** OTEL_PROPAGATORS without repetitions, in lower case; empty for `none`. Names are not checked. */
  readonly propagators: readonly string[] | undefined;
  /** OTEL_EXPORTER_OTLP_*: options of an `OtlpReporter`. */
  readonly otlp: OtlpSettings;
  /** OTEL_EXPORTER_ZIPKIN_*: options of a `ZipkinReporter`. */
  readonly zipkin: { readonly endpoint?: string; readonly timeout?: number };
  /** OTEL_BSP_*: options of both. */
  readonly batch: Readonly<
    Partial<Record<"scheduleDelay" | "maxQueueSize" | "maxExportBatchSize" | "exportTimeout", number>>
  >;
  /** OTEL_SPAN_* and OTEL_ATTRIBUTE_*: limits of a `Tracer`. */
  readonly limits: Readonly<
    Partial<Record<"maxTags" | "maxLogs" | "maxLinks" | "maxFields" | "maxLinkFields" | "maxValueLength", number>>
  >;
}

export type ExporterName = "otlp" | "zipkin" | "console";

/** How roots are sampled, and whether children follow their parents. `ratio` is from 0 to 1. */
export interface SamplerChoice {
  readonly root: "always_on" | "always_off" | "traceidratio";
  readonly isParentBased: boolean;
  readonly ratio: number;
}

export interface OtlpSettings {
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: "gzip" | "none";
  readonly timeout?: number;
  readonly protocol?: "http/protobuf" | "http/json";
}

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads all variables. An empty one counts as unset. A value that is wrong is counted and warned about
 * (`environment.invalid`) and counts as unset too; it is never shown, for it could be a secret. Never throws.
 */
export function readEnvironment(variables: Variables = processVariables()): Environment {
  const resource = attributes(variables, "OTEL_RESOURCE_ATTRIBUTES") ?? {};
  return {
    isDisabled: flag(variables, "OTEL_SDK_DISABLED"),
    tracer: text(variables, "OPENTRACING_TRACER"),
    tracerParameters: json(variables, "OPENTRACING_TRACER_PARAMETERS"),
    serviceName: text(variables, "OTEL_SERVICE_NAME") ?? (resource["service.name"] || undefined),
    resource,
    sampler: sampler(variables),
    exporters: exporters(variables),
    propagators: nameList(variables, "OTEL_PROPAGATORS"),
    otlp: otlp(variables),
    zipkin: defined({
      endpoint: url(variables, "OTEL_EXPORTER_ZIPKIN_ENDPOINT"),
      timeout: duration(variables, "OTEL_EXPORTER_ZIPKIN_TIMEOUT"),
    }),
    batch: batch(variables),
    limits: defined({
      maxTags:
        number(variables, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", 0) ?? number(variables, "OTEL_ATTRIBUTE_COUNT_LIMIT", 0),
      maxLogs: number(variables, "OTEL_SPAN_EVENT_COUNT_LIMIT", 0),
      maxLinks: number(variables, "OTEL_SPAN_LINK_COUNT_LIMIT", 0),
      maxFields: number(variables, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 0),
      maxLinkFields: number(variables, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", 0),
      maxValueLength:
        number(variables, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0) ??
        number(variables, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0),
    }),
  };
}

export function processVariables(): Variables {
  return typeof process === "undefined" ? {} : process.env;
}

const SAMPLERS: ReadonlySet<string> = new Set(["always_on", "always_off", "traceidratio"]);

function sampler(variables: Variables): SamplerChoice | undefined {
  const name = text(variables, "OTEL_TRACES_SAMPLER")?.toLowerCase();
  if (name === undefined) return undefined;
  const isParentBased = name.startsWith("parentbased_");
  const root = isParentBased ? name.slice("parentbased_".length) : name;
  if (!SAMPLERS.has(root)) {
    return invalid("OTEL_TRACES_SAMPLER", "always_on, always_off, traceidratio, or one of these after parentbased_");
  }
  const ratio = root === "traceidratio" ? number(variables, "OTEL_TRACES_SAMPLER_ARG", 0, 1, false) : undefined;
  return { root: root as SamplerChoice["root"], isParentBased, ratio: ratio ?? 1 };
}

const EXPORTERS: ReadonlySet<string> = new Set(["otlp", "zipkin", "console"]);

function exporters(variables: Variables): readonly ExporterName[] | undefined {
  const names = nameList(variables, "OTEL_TRACES_EXPORTER");
  if (names === undefined || names.length === 0) return names as [] | undefined;
  const known = names.filter((name): name is ExporterName => EXPORTERS.has(name));
  if (known.length < names.length) leftOut("OTEL_TRACES_EXPORTER", "a list of otlp, zipkin and console, or none");
  return known.length === 0 ? undefined : known;
}

function otlp(variables: Variables): OtlpSettings {
  for (const name of ["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"]) {
    for (const variable of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      if (text(variables, variable) !== undefined)
        invalid(variable, "left unset (it is not supported; Node has NODE_EXTRA_CA_CERTS)");
    }
  }
  const base = url(variables, "OTEL_EXPORTER_OTLP_ENDPOINT");
  return defined({
    endpoint:
      url(variables, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? (base === undefined ? undefined : tracesUrl(base)),
    headers:
      headers(variables, "OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? headers(variables, "OTEL_EXPORTER_OTLP_HEADERS"),
    compression: either(variables, "COMPRESSION", ["gzip", "none"] as const),
    timeout:
      duration(variables, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") ?? duration(variables, "OTEL_EXPORTER_OTLP_TIMEOUT"),
    protocol: either(variables, "PROTOCOL", ["http/protobuf", "http/json"] as const),
  });
}

/** The base endpoint is for all signals; traces have a path below it. */
function tracesUrl(base: string): string {
  const result = new URL(base);
  result.pathname += result.pathname.endsWith("/") ? "v1/traces" : "/v1/traces";
  return result.href;
}

/** A choice for traces alone, else the one for all signals. */
function either<T extends string>(variables: Variables, suffix: string, choices: readonly T[]): T | undefined {
  for (const name of [`OTEL_EXPORTER_OTLP_TRACES_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`]) {
    const value = text(variables, name)?.toLowerCase();
    if (value === undefined) continue;
    if (choices.includes(value as T)) return value as T;
    const hint = value === "grpc" ? "; gRPC is not supported, http/protobuf is used, whose port is 4318" : "";
    invalid(name, choices.join(" or ") + hint);
  }
  return undefined;
}

function batch(variables: Variables): Environment["batch"] {
  const maxQueueSize = number(variables, "OTEL_BSP_MAX_QUEUE_SIZE", 1);
  let maxExportBatchSize = number(variables, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1);
  if (maxQueueSize !== undefined && maxExportBatchSize !== undefined && maxExportBatchSize > maxQueueSize) {
    invalid("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "at most OTEL_BSP_MAX_QUEUE_SIZE");
    maxExportBatchSize = undefined;
  }
  return defined({
    scheduleDelay: duration(variables, "OTEL_BSP_SCHEDULE_DELAY"),
    maxQueueSize,
    maxExportBatchSize,
    exportTimeout: duration(variables, "OTEL_BSP_EXPORT_TIMEOUT"),
  });
}

export function text(variables: Variables, name: string): string | undefined {
  return variables[name]?.trim() || undefined;
}

function json(variables: Variables, name: string): object | undefined {
  const given = text(variables, name);
  if (given === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(given);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // said below
  }
  return invalid(name, "an object or an array in JSON");
}

function flag(variables: Variables, name: string): boolean {
  const value = text(variables, name)?.toLowerCase();
  if (value !== undefined && value !== "true" && value !== "false") invalid(name, "true or false");
  return value === "true";
}

export function duration(variables: Variables, name: string): number | undefined {
  return number(variables, name, 0, 2 ** 31 - 1);
}

export function number(
  variables: Variables,
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
  isWhole = true,
): number | undefined {
  const given = text(variables, name);
  if (given === undefined) return undefined;
  const value = /^[\d.+eE-]+$/.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value;
  const what = isWhole ? "a whole number" : "a number";
  return invalid(
    name,
    most === Number.MAX_SAFE_INTEGER ? `${what} of ${least} or more` : `${what} from ${least} to ${most}`,
  );
}

export function url(variables: Variables, name: string): string | undefined {
  const given = text(variables, name);
  if (given === undefined) return undefined;
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  return invalid(name, "an http or https URL");
}

/** Names between commas, in lower case, each once. `none` stands for an empty list, and means nothing beside others. */
function nameList(variables: Variables, name: string): string[] | undefined {
  const given = text(variables, name);
  if (given === undefined) return undefined;
  const names = given.split(",").map((one) => one.trim().toLowerCase());
  const known = new Set(names.filter((one) => one !== ""));
  if (known.size > 1 && known.delete("none")) leftOut(name, "none alone, or a list without it", "none");
  if (known.size === 0) return undefined;
  return known.has("none") ? [] : [...known];
}

/**
 * `key=value` between commas, both percent-encoded where needed (resource SDK specification, "Specifying resource
 * information via an environment variable"). One wrong item makes the whole value count as unset.
 */
function attributes(variables: Variables, name: string): Record<string, string> | undefined {
  const given = text(variables, name);
  if (given === undefined) return undefined;
  const result: [string, string][] = [];
  for (const item of given.split(",")) {
    if (item.trim() === "") continue;
    const equals = item.indexOf("=");
    const key = decoded(item.slice(0, Math.max(0, equals)).trim());
    const value = decoded(item.slice(equals + 1).trim());
    if (!key || value === undefined)
      return invalid(name, "key=value pairs between commas, percent-encoded where needed");
    result.push([key, value]);
  }
  return Object.fromEntries(result);
}

/** Headers are written as attributes are; names and values must be ones that HTTP allows. */
function headers(variables: Variables, name: string): Record<string, string> | undefined {
  const given = attributes(variables, name);
  if (given === undefined) return undefined;
  for (const [key, value] of Object.entries(given)) {
    if (!isHeaderName(key) || isFraming(key) || !isHeaderValue(value)) {
      return invalid(
        name,
        "name=value pairs between commas that HTTP allows as headers, without content-length, transfer-encoding, expect and upgrade",
      );
    }
  }
  return given;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function invalid(name: string, expected: string): undefined {
  warn("environment.invalid", `${name} must be ${expected}; its value is ignored`);
  return undefined;
}

/** The same for a list of which the rest counts. */
export function leftOut(name: string, expected: string, what = "any other name"): void {
  warn("environment.invalid", `${name} must be ${expected}; ${what} is left out`);
}

/** The object without what is undefined. */
export function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
