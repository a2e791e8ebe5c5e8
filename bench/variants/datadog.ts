// dd-trace, with everything off that is not tracing.

import { requirePeer } from "../places.ts";
import type { Started } from "./variant.ts";

const OFF = [
  "DD_INSTRUMENTATION_TELEMETRY_ENABLED",
  "DD_REMOTE_CONFIGURATION_ENABLED",
  "DD_RUNTIME_METRICS_ENABLED",
  "DD_PROFILING_ENABLED",
  "DD_APPSEC_ENABLED",
  "DD_TRACE_STARTUP_LOGS",
  "DD_CRASHTRACKING_ENABLED",
  "DD_LOGS_INJECTION",
  "DD_DYNAMIC_INSTRUMENTATION_ENABLED",
  "DD_IAST_ENABLED",
  "DD_DATA_STREAMS_ENABLED",
];

export function start(sink: number): Started {
  for (const name of OFF) process.env[name] = "false";
  process.env["DD_TRACE_AGENT_URL"] = `http://127.0.0.1:${sink}`;
  process.env["DD_SERVICE"] = "bench";
  const tracer = requirePeer("datadog")("dd-trace").init();
  return {
    child: (name, work) =>
      tracer.trace(name, (span: { setTag(name: string, value: unknown): void }) => {
        span.setTag("order.id", 42);
        span.setTag("tenant", "acme");
        span.setTag("cached", false);
        return work();
      }),
  };
}
