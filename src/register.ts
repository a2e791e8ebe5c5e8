// node --import node-opentracing/register app.js (or --require): traces an application that has none of our lines.

import { warn } from "./diagnostics.ts";
import { initTracing } from "./init-tracing.ts";

try {
  initTracing();
} catch (error) {
  warn("settings.ignored", "tracing could not start; the application runs without it", error);
}
