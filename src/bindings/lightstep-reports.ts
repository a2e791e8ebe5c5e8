// What lightstep-tracer sends: waited for, in no trace, and counted where it is lost.

import type { Tracer } from "opentracing";
import { count, warn } from "../diagnostics.ts";
import { patch } from "../patch.ts";
import { InFlight } from "./in-flight.ts";
import { asOwnTraffic } from "./own-traffic.ts";

interface Report {
  getSpanRecords(): readonly object[];
  getCounters(): Readonly<Record<string, number | undefined>>;
}
interface Transport {
  report(detached: boolean, auth: object, report: Report, done: (error: unknown, answer?: unknown) => void): void;
}
export interface LightstepTracer extends Tracer {
  options(): object;
  flush(done: () => void): void;
  readonly _transport?: Transport;
  /** What is to be sent, that of reports that failed among it. */
  _spanRecords?: readonly object[];
  _clearBuffers?(): void;
  _stopReportingLoop?(): void;
}

/**
 * A report of the tracer's own interval that fails is sent again with the next, as the tracer has it. One of a flush, or of
 * the end of the process, is the last try for its spans: who waits for a flush would otherwise wait for ever. So is one that cannot be encoded.
 */
export class LightstepReports {
  readonly #tracer: LightstepTracer;
  readonly #inFlight = new InFlight();
  #isFlushing = false;

  constructor(tracer: LightstepTracer) {
    this.#tracer = tracer;
    const { _transport: transport } = tracer;
    if (transport === undefined) return;
    const { report } = transport;
    patch(transport, "report", (detached, auth, request, done) => {
      const isLastTry = detached || this.#isFlushing;
      let isEncoding = true;
      this.#inFlight.track((ended) =>
        asOwnTraffic(() =>
          report.call(transport, detached, auth, request, (error, answer) => {
            done(error, answer);
            if (error && isEncoding) this.#giveUp(request, "report.encode_error", error);
            else this.#reported(request, error, isLastTry);
            ended();
          }),
        ),
      );
      isEncoding = false; // nothing of the network answers at once
    });
  }

  /** Resolves when all is sent or given up, or after `timeLimit` milliseconds. */
  async flush(timeLimit?: number): Promise<void> {
    // Its counters of itself alone would make a report, and one more to wait for.
    if (this.#tracer._spanRecords?.length === 0) return this.#inFlight.ended(timeLimit);
    this.#inFlight.track((done) => {
      this.#isFlushing = true; // the report is made before `flush` of the tracer returns
      try {
        this.#tracer.flush(done);
      } finally {
        this.#isFlushing = false;
      }
    });
    await this.#inFlight.ended(timeLimit);
  }

  #reported(request: Report, error: unknown, isLastTry: boolean): void {
    if (error && !isLastTry) {
      warn("report.retried", "lightstep-tracer could not send a report; it is sent again with the next", error);
      return;
    }
    const dropped = request.getCounters()["spans.dropped"] ?? 0;
    if (dropped > 0) count("report.queue_full", dropped, "lightstep-tracer held max_span_records spans");
    if (error) this.#giveUp(request, "report.send_failed", error);
  }

  /** The tracer has taken them back, with counters that alone would make a report. */
  #giveUp(request: Report, name: "report.send_failed" | "report.encode_error", error: unknown): void {
    const lost = new Set(request.getSpanRecords());
    const kept = this.#tracer._spanRecords?.filter((record) => !lost.has(record));
    this.#tracer._clearBuffers?.();
    if (kept !== undefined) this.#tracer._spanRecords = kept;
    if (lost.size > 0) warn(name, "lightstep-tracer could not send a report", error, lost.size);
  }
}
