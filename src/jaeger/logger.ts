// jaeger-client's logger, and what we tell it.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { count, type DiagnosticsMessage } from "../diagnostics.ts";
import type { Undo } from "../patch.ts";
import { type Check, hasMethods } from "../settings.ts";

/** Such as `console`. */
export interface JaegerLogger {
  info(message: string): void;
  error(message: string): void;
}

export const isLogger: Check = hasMethods("a logger", "info", "error");

const CHANNEL = "node-opentracing:diagnostics";

/** Passes on to `logger.error` what goes wrong with sending spans and with remote sampling, from now until it is undone. */
export function logProblems(logger: JaegerLogger): Undo {
  const listener = (message: unknown): void => {
    const { name, message: text, error } = message as DiagnosticsMessage;
    if (text === undefined || !/^(report|sampler)\./.test(name)) return;
    tell(() => logger.error(error === undefined ? text : `${text} (${String(error)})`));
  };
  subscribe(CHANNEL, listener);
  return () => {
    unsubscribe(CHANNEL, listener);
  };
}

/** What a logger throws must not reach a request. */
export function tell(log: () => void): void {
  try {
    log();
  } catch (error) {
    count("callback.error", 1, "options.logger threw", error);
  }
}
