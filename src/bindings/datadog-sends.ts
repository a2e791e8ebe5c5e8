// What dd-trace sends to its agent: waited for, and counted where it is lost, which dd-trace says to its debug log alone.

import { subscribe } from "node:diagnostics_channel";
import { warn } from "../diagnostics.ts";
import { patch } from "../patch.ts";
import { InFlight } from "./in-flight.ts";

interface Writer {
  /** Sends `traces` traces; calls back without an error whatever has become of them. */
  _sendPayload?(data: unknown, traces: number, done: (error?: Error) => void, options?: object): void;
}
/** dd-trace's exporter to an agent. */
export interface DatadogExporter {
  export?(spans: readonly unknown[]): void;
  flush?(done: () => void): void;
  readonly _writer?: Writer;
}

const ERROR_LOG = "datadog:log:error";
const FAILED = /^Error sending payload to the agent/;

/** One for each exporter, however often dd-trace is bound. */
const followed = new WeakMap<DatadogExporter, InFlight>();

/** What this exporter is sending, from the first call on. */
export function sendsOf(exporter: DatadogExporter): InFlight {
  let inFlight = followed.get(exporter);
  if (inFlight === undefined) {
    inFlight = new InFlight();
    followed.set(exporter, inFlight);
    follow(exporter, inFlight);
  }
  return inFlight;
}

function follow(exporter: DatadogExporter, inFlight: InFlight): void {
  const { _writer: writer } = exporter;
  const { export: add } = exporter;
  const send = writer?._sendPayload;
  if (writer === undefined || send === undefined || add === undefined) return;

  let waiting = 0;
  patch(exporter, "export", (spans) => {
    waiting += spans.length;
    add.call(exporter, spans);
  });

  // The log tells a failure, and what it comes from, right before the callback.
  let failure: unknown;
  subscribe(ERROR_LOG, (message) => {
    if (failure !== undefined || FAILED.test(textOf(message))) failure = message;
  });
  patch(writer, "_sendPayload", (data, traces, done, options) => {
    const spans = waiting;
    waiting = 0;
    inFlight.track((ended) =>
      send.call(
        writer,
        data,
        traces,
        (error) => {
          const reason = error ?? failure;
          failure = undefined;
          if (reason !== undefined) {
            warn("report.send_failed", "dd-trace could not send spans to its agent", reason, spans);
          }
          done(error);
          ended();
        },
        options,
      ),
    );
  });
}

function textOf(message: unknown): string {
  return message instanceof Error ? message.message : String(message);
}
