// Says that OpenTelemetry's own instrumentations of HTTP trace the same requests as we do.

import { count, warn } from "../diagnostics.ts";

export const HTTP = "@opentelemetry/instrumentation-http";
export const UNDICI = "@opentelemetry/instrumentation-undici";

let hasWarned = false;

/**
 * Counts a request that both would trace (`instrumentation.doubled`), and warns once a process.
 *
 * @param name which of their instrumentations it is
 */
export function noteDoubled(name: string): void {
  count("instrumentation.doubled");
  if (hasWarned) return;
  hasWarned = true;
  warn(
    "instrumentation.doubled",
    `${name} traces the same requests as initTracing; each gets one span, but pays for both: switch off ${HTTP} and ${UNDICI}, ` +
      "by { enabled: false } for each in getNodeAutoInstrumentations(), or leave them out",
    undefined,
    0,
  );
}
