// Sends spans to a collector, or any back end that speaks OTLP over HTTP.

import { warn } from "../diagnostics.ts";
import { type Check, checkOptions } from "../settings.ts";
import { BatchReporter, type DeliveryReader } from "./batch-reporter.ts";
import { batchSettings, type ExportOptions, exportChecks, isResource, oneOf, senderOf } from "./export-options.ts";
import { partialSuccess } from "./otlp-answer.ts";
import { OtlpJsonEncoder } from "./otlp-json-encoder.ts";
import { OtlpProtobufEncoder } from "./otlp-protobuf-encoder.ts";
import type { FinishedSpan, Reporter } from "./reporter.ts";
import { processResource, type Resource } from "./resource.ts";

/** `endpoint` is `http://localhost:4318/v1/traces` by default. */
export interface OtlpReporterOptions extends ExportOptions {
  /** `"http/protobuf"` by default; JSON is several times larger and slower. */
  readonly protocol?: "http/protobuf" | "http/json" | undefined;
  /** Attributes of this process, beyond `service.name`, `process.pid`, `host.name` and `telemetry.sdk.*`. */
  readonly resource?: Resource | undefined;
}

const ENDPOINT = "http://localhost:4318/v1/traces";

export const OTLP_CHECKS: Readonly<Record<keyof OtlpReporterOptions, Check>> = {
  ...exportChecks(ENDPOINT),
  protocol: oneOf("http/protobuf", "http/json"),
  resource: isResource,
};

/**
 * Encodes each span as it is reported and posts batches. Never throws once made, and never keeps the process alive except
 * while `flush` or `close` is awaited, or a connection is being made.
 */
export class OtlpReporter implements Reporter {
  readonly #options: OtlpReporterOptions;
  #batches: BatchReporter;

  /** Throws a TypeError that says what to write instead where an option is wrong. Reads no environment variables. */
  constructor(options: OtlpReporterOptions = {}) {
    checkOptions("new OtlpReporter(options)", options, OTLP_CHECKS);
    this.#options = options;
    this.#batches = batchesOf(options, options.serviceName);
  }

  nameService(serviceName: string): void {
    const { serviceName: given, resource } = this.#options;
    if (given !== undefined || resource?.["service.name"] !== undefined) return;
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

function batchesOf(options: OtlpReporterOptions, serviceName: string | undefined): BatchReporter {
  const resource = processResource(serviceName, options.resource);
  const Encoder = options.protocol === "http/json" ? OtlpJsonEncoder : OtlpProtobufEncoder;
  const encoder = new Encoder(resource);
  const sender = senderOf(options, ENDPOINT, encoder.contentType);
  return new BatchReporter(encoder, sender, batchSettings(options), deliveryReader(sender.target));
}

function deliveryReader(target: string): DeliveryReader {
  return ({ answer }, spans) => {
    const result = partialSuccess(answer);
    if (result === undefined) {
      warn("report.bad_answer", `${target} accepted spans with an answer that is not OTLP; is it the right address?`);
    } else if (result.rejectedSpans > 0) {
      const rejected = Math.min(result.rejectedSpans, spans);
      warn("report.rejected", `${target} refused some spans: ${shown(result.errorMessage)}`, undefined, rejected);
    } else if (result.errorMessage !== "") {
      warn("report.bad_answer", `${target} took all spans, but warns: ${shown(result.errorMessage)}`);
    }
  };
}

/** A back end's words, fit for a log: one line, not long. */
function shown(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200) || "it does not say why";
}
