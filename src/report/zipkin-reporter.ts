// Sends spans to Zipkin, or any back end that takes Zipkin v2 JSON.

import { checkOptions } from "../settings.ts";
import { BatchReporter } from "./batch-reporter.ts";
import { batchSettings, type ExportOptions, exportChecks, senderOf } from "./export-options.ts";
import type { FinishedSpan, Reporter } from "./reporter.ts";
import { defaultServiceName } from "./resource.ts";
import { ZipkinJsonEncoder } from "./zipkin-json-encoder.ts";

/** `endpoint` is `http://localhost:9411/api/v2/spans` by default. */
export type ZipkinReporterOptions = ExportOptions;

const ENDPOINT = "http://localhost:9411/api/v2/spans";
const CHECKS = exportChecks(ENDPOINT);

/** Batches, limits and counters are those of `OtlpReporter`. */
export class ZipkinReporter implements Reporter {
  readonly #options: ZipkinReporterOptions;
  #batches: BatchReporter;

  /** Throws a TypeError that says what to write instead where an option is wrong. Reads no environment variables. */
  constructor(options: ZipkinReporterOptions = {}) {
    checkOptions("new ZipkinReporter(options)", options, CHECKS);
    this.#options = options;
    this.#batches = batchesOf(options, options.serviceName);
  }

  nameService(serviceName: string): void {
    if (this.#options.serviceName !== undefined) return;
    void this.#batches.close();
    this.#batches = batchesOf(this.#options, serviceName);
  }

  report(span: FinishedSpan): void {
    this.#batches.report(span);
  }

  flush(timeLimit?: number): Promise<void> {
    return this.#batches.flush(timeLimit);
  }

  close(): Promise<void> {
    return this.#batches.close();
  }
}

function batchesOf(options: ZipkinReporterOptions, serviceName: string | undefined): BatchReporter {
  const encoder = new ZipkinJsonEncoder(serviceName ?? defaultServiceName());
  const sender = senderOf(options, ENDPOINT, encoder.contentType);
  // Zipkin takes a whole request or none of it, and says so by the status alone.
  return new BatchReporter(encoder, sender, batchSettings(options), () => {});
}
