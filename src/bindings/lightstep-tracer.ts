// Binds lightstep-tracer 0.35: flushes it when we flush, and keeps its reports out of the traces.

import type { Span, SpanContext, SpanOptions } from "opentracing";
import { patch } from "../patch.ts";
import { type Check, checkOptions } from "../settings.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { logErrorTexts } from "./error-texts.ts";
import { loadPackage } from "./installed-module.ts";
import { LightstepReports, type LightstepTracer } from "./lightstep-reports.ts";
import { withOwnParents } from "./own-parents.ts";
import { asOwnTraffic } from "./own-traffic.ts";
import { anyGiven, anyNamed, optionsIn } from "./tracer-parameters.ts";

/** What its constructor takes beside what `options()` lists. */
const UNLISTED = ["guid", "opentracing_module", "propagators"];

/** `tracerParameters` are the options of lightstep-tracer's constructor. `component_name` is the service's name by default. */
export function lightstepTracer({ parameters, serviceName, defaultName }: Asked): BoundTracer {
  const { Tracer } = loadPackage<{ Tracer: new (options: object) => LightstepTracer }>("lightstep-tracer");
  const given = optionsIn("lightstep-tracer", parameters, anyGiven(parameters));
  const component_name = given["component_name"] ?? serviceName ?? defaultName;
  const tracer = asOwnTraffic(() => new Tracer({ ...given, component_name }));
  try {
    checkOptions("tracerParameters of lightstep-tracer", given, listed(tracer));
  } catch (error) {
    tracer._stopReportingLoop?.();
    throw error;
  }
  return bound(tracer);
}

function bound(tracer: LightstepTracer): BoundTracer {
  const reports = new LightstepReports(tracer);
  const { startSpan } = tracer;
  patch(tracer, "startSpan", (name: string, options?: SpanOptions): Span => {
    const span = startSpan.call(tracer, name, withOwnParents(options, isLightstepContext));
    logErrorTexts(span);
    return span;
  });
  return {
    tracer,
    flush: (timeLimit) => reports.flush(timeLimit),
    async close() {
      await reports.flush();
      tracer._stopReportingLoop?.();
    },
  };
}

/** Its own table is asked once there is a tracer; until then only the shape is checked. */
function listed(tracer: LightstepTracer): Record<string, Check> {
  return anyNamed([...Object.keys(tracer.options()), ...UNLISTED]);
}

function isLightstepContext(context: SpanContext): boolean {
  return typeof (context as { traceGUID?: unknown }).traceGUID === "function";
}
