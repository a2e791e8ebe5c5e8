// OpenTelemetry with the instrumentations of http, Express, Fastify and fetch.

import { startWith } from "./opentelemetry.ts";
import type { Started } from "./variant.ts";

export function start(sink: number): Started {
  return startWith(sink, [
    (require) => new (require("@opentelemetry/instrumentation-express").ExpressInstrumentation)(),
    (require) => new (require("@opentelemetry/instrumentation-undici").UndiciInstrumentation)(),
    (require) => new (require("@fastify/otel").FastifyOtelInstrumentation)({ registerOnInitialization: true }),
  ]);
}
