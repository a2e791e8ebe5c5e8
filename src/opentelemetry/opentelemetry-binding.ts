// A tracer and a scope manager over one OpenTelemetry provider, for initTracing.

import type { TracerProvider } from "@opentelemetry/api";
import { checkOptions } from "../settings.ts";
import { OpenTelemetryInstrumentations } from "./opentelemetry-instrumentations.ts";
import { OpenTelemetryScopeManager } from "./opentelemetry-scope-manager.ts";
import {
  isProvider,
  OPENTELEMETRY_CHECKS,
  type OpenTelemetryOptions,
  OpenTelemetryTracer,
} from "./opentelemetry-tracer.ts";

export interface OpenTelemetryBindingOptions extends OpenTelemetryOptions {
  /** Whose spans to make. The global provider by default, which may be set later. */
  readonly provider?: TracerProvider | undefined;
}

/** What `initTracing` takes for another tracer. */
export interface OpenTelemetryBinding {
  readonly tracer: OpenTelemetryTracer;
  readonly scopeManager: OpenTelemetryScopeManager;
}

/**
 * Requests and spans of your own through the OpenTelemetry provider of your application, nested with what OpenTelemetry's
 * API makes: `initTracing(openTelemetryBinding())`. Unlike in a bare `OpenTelemetryTracer`, `stableNames` is true by default, for
 * the spans of requests shall look like all others of your provider.
 *
 * @throws TypeError where an option is wrong, saying what to write instead
 */
export function openTelemetryBinding(options: OpenTelemetryBindingOptions = {}): OpenTelemetryBinding {
  checkOptions("openTelemetryBinding(options)", options, { ...OPENTELEMETRY_CHECKS, provider: isProvider });
  const { provider, stableNames = true, ...rest } = options;
  const others = new OpenTelemetryInstrumentations();
  const tracer = new OpenTelemetryTracer(provider, { ...rest, stableNames }, others);
  return { tracer, scopeManager: new OpenTelemetryScopeManager(tracer, others) };
}
