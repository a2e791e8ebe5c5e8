// The options that the reporters that post have in common: their checks and their defaults.

import { isFraming, isHeaderName, isHeaderValue } from "../header.ts";
import { type Check, httpUrl, isText, secret, typeOf } from "../settings.ts";
import type { BatchSettings } from "./batch-reporter.ts";
import { HttpSender } from "./http-sender.ts";

/** Options of `OtlpReporter` and `ZipkinReporter`. All times are milliseconds; 0 as a time limit means none. */
export interface ExportOptions {
  /** Where to post to: an http or https URL, used as it is. */
  readonly endpoint?: string | undefined;
  /** Headers of each request, such as an API key; not `content-length`, `transfer-encoding`, `expect` and `upgrade`. They appear in no warning. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `"none"` by default. */
  readonly compression?: "gzip" | "none" | undefined;
  /** For one request with its answer, 10,000 by default. */
  readonly timeout?: number | undefined;
  /** What this service is called: `unknown_service:node` by default. */
  readonly serviceName?: string | undefined;
  /** How long a span waits at most for its batch to fill, 5,000 by default. */
  readonly scheduleDelay?: number | undefined;
  /** Spans that are held at most, 16,384 by default. More are dropped and counted as `report.queue_full`. */
  readonly maxQueueSize?: number | undefined;
  /** Spans of one request, 512 by default; never more than `maxQueueSize`. */
  readonly maxExportBatchSize?: number | undefined;
  /** For all tries of one batch, and for `flush` and `close`, 30,000 by default. With 0 these two still take no longer than by default. */
  readonly exportTimeout?: number | undefined;
}

/** What `exportTimeout` is by default, and what `flush` and `close` take at most where that is 0. */
const EXPORT_TIMEOUT = 30_000;

const isCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0 ? undefined : "a whole number of 1 or more";
const isDuration: Check = (value) =>
  typeof value === "number" && value >= 0 && value < 2 ** 31 ? undefined : "milliseconds, from 0 to 2^31 - 1";
const isHeaders: Check = (value) =>
  isFields(value) && Object.entries(value).every(([name, text]) => isHeader(name, text))
    ? undefined
    : 'a plain object of header names and texts, without content-length, transfer-encoding, expect and upgrade: { "api-key": "…" }';
const isCompression: Check = oneOf("gzip", "none");

/** A check that the value is one of these texts. */
export function oneOf(...texts: string[]): Check {
  return (value) => (texts.includes(value as string) ? undefined : texts.map((text) => `"${text}"`).join(" or "));
}

/** A check that the value is an object of attributes. */
export const isResource: Check = (value) =>
  isRecord(value) && Object.values(value).every((one) => ["string", "number", "boolean"].includes(typeof one))
    ? undefined
    : 'an object of attributes: { "service.version": "1.2" }';

/** The checks of a reporter that posts to `endpoint` by default. */
export function exportChecks(endpoint: string): Readonly<Record<keyof ExportOptions, Check>> {
  return {
    endpoint: secret(httpUrl(endpoint), (value) => (typeof value === "string" ? "a text that is none" : typeOf(value))),
    headers: secret(isHeaders, headersShown),
    compression: isCompression,
    timeout: isDuration,
    serviceName: isText,
    scheduleDelay: isDuration,
    maxQueueSize: isCount,
    maxExportBatchSize: isCount,
    exportTimeout: isDuration,
  };
}

/** The settings of the batches, completed. */
export function batchSettings(options: ExportOptions): BatchSettings {
  const maxQueueSize = options.maxQueueSize ?? 16_384;
  return {
    scheduleDelay: options.scheduleDelay ?? 5_000,
    maxQueueSize,
    maxExportBatchSize: Math.min(options.maxExportBatchSize ?? 512, maxQueueSize),
    flushLimit: options.exportTimeout || EXPORT_TIMEOUT,
  };
}

/** The sender of a reporter, its options completed. */
export function senderOf(options: ExportOptions, defaultEndpoint: string, contentType: string): HttpSender {
  return new HttpSender({
    endpoint: new URL(options.endpoint ?? defaultEndpoint),
    contentType,
    headers: options.headers ?? {},
    compression: options.compression ?? "none",
    timeout: options.timeout ?? 10_000,
    exportTimeout: options.exportTimeout ?? EXPORT_TIMEOUT,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A plain object: a Headers object, or a Map of them, has no fields of its own. */
function isFields(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !(Symbol.iterator in value);
}

/** Which header is the wrong one, without its value. What is no header's name may be a value in its place. */
function headersShown(value: unknown): string {
  if (!isFields(value)) return typeOf(value);
  const [name = "", text] = Object.entries(value).find(([name, text]) => !isHeader(name, text)) ?? [];
  if (!isHeaderName(name)) return "one with a name that HTTP does not allow";
  if (isFraming(name)) return `one with "${name}"`;
  return `one whose "${name}" is ${typeof text === "string" ? "a text that HTTP does not allow" : typeOf(text)}`;
}

/** Headers are written as they are: no other check stands between them and the connection. */
function isHeader(name: string, text: unknown): boolean {
  return isHeaderName(name) && !isFraming(name) && typeof text === "string" && isHeaderValue(text);
}
