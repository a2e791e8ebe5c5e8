// Binds OpenTelemetry: the spans are made by the provider that the application has set, or will set.

import type { Tracer } from "opentracing";
import { warn } from "../diagnostics.ts";
import type { ScopeManager } from "../scope/scope-manager.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { requireFor } from "./installed-module.ts";
import { positional } from "./tracer-parameters.ts";

/** What is used of the folder of that name, which is loaded on demand, for it needs `@opentelemetry/api`. */
interface OpenTelemetry {
  openTelemetryBinding(options?: object): {
    readonly tracer: Tracer & { flush(timeLimit?: number): Promise<void> };
    readonly scopeManager: ScopeManager;
  };
}

const ENTRY = "node-opentracing/opentelemetry";

/** `tracerParameters` are the options of `openTelemetryBinding`. */
export function openTelemetry({ parameters, serviceName }: Asked): BoundTracer {
  const { openTelemetryBinding } = load();
  const [options, ...others] = positional(parameters);
  if (others.length > 0)
    throw new TypeError("tracerParameters of opentelemetry: there is one argument, an object of options");
  if (serviceName !== undefined) {
    const where = "OTEL_SERVICE_NAME or the resource of your OpenTelemetry SDK names the service";
    warn("settings.ignored", `serviceName: for other tracers than opentelemetry; ${where}`);
  }
  const { tracer, scopeManager } = openTelemetryBinding(options as object | undefined);
  const flush = (timeLimit?: number): Promise<void> => tracer.flush(timeLimit);
  return { tracer, scopeManager, flush, close: flush }; // the provider is the application's to shut down
}

function load(): OpenTelemetry {
  try {
    // Not by the place of this file: with `import.meta` Babel could make no CommonJS of it, which Jest asks for.
    return requireFor(ENTRY)(ENTRY);
  } catch (error) {
    const { message } = error as Error;
    const reason = message.includes("@opentelemetry/api")
      ? "@opentelemetry/api is not installed; run: npm install @opentelemetry/api"
      : `${ENTRY} cannot be loaded from the working directory or the main file (${message.split("\n")[0]}); write initTracing(openTelemetryBinding())`;
    throw new Error(`tracerCallable: ${reason}`, { cause: error });
  }
}
