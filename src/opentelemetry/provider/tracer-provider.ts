// OpenTelemetry's TracerProvider over our tracer.

import type { Tracer as ApiTracer, TracerOptions, TracerProvider } from "@opentelemetry/api";
import type { InstrumentationScope } from "../../report/reporter.ts";
import { HttpInstrumentationTracer, isHttpInstrumentation, type Traced } from "./http-instrumentation.ts";
import { ProviderTracer, type Registration } from "./tracer.ts";

/** Tracers that are kept, for libraries ask again and again. Beyond them each call makes one. */
const MAX_KEPT = 1_000;

/** Makes a tracer for each name, version and schema. */
export class OpenTelemetryProvider implements TracerProvider {
  readonly #registration: Registration;
  readonly #traced: () => Traced;
  readonly #tracers = new Map<string, ApiTracer>();

  constructor(registration: Registration, traced: () => Traced) {
    this.#registration = registration;
    this.#traced = traced;
  }

  getTracer(name: string, version?: string, options?: TracerOptions): ApiTracer {
    const scope = { name: text(name) ?? "", version: text(version), schemaUrl: text(options?.schemaUrl) };
    const key = `${scope.name}@${scope.version ?? ""}:${scope.schemaUrl ?? ""}`;
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const made = this.#make(scope);
    if (this.#tracers.size < MAX_KEPT) this.#tracers.set(key, made);
    return made;
  }

  /** What OpenTelemetry's own provider has for it. Resolves when what has finished is sent. */
  async forceFlush(): Promise<void> {
    await this.#registration.tracer?.flush();
  }

  #make(scope: InstrumentationScope): ApiTracer {
    return isHttpInstrumentation(scope.name)
      ? new HttpInstrumentationTracer(this.#registration, scope, this.#traced)
      : new ProviderTracer(this.#registration, scope);
  }
}

/** Text, or a number as text; undefined for anything else that JavaScript may pass. */
function text(given: unknown): string | undefined {
  return typeof given === "string" || typeof given === "number" ? String(given) : undefined;
}
