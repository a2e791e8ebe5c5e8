// Binds lightstep-tracer 0.35: flushes it when we flush, keeps its reports out of the traces, and bad headers out of its reports.

import type { Span, SpanContext, SpanOptions } from "opentracing";
import { count } from "../diagnostics.ts";
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
  const { startSpan, extract } = tracer;
  patch(tracer, "startSpan", (name: string, options?: SpanOptions): Span => {
    const span = startSpan.call(tracer, name, withOwnParents(options, isLightstepContext));
    logErrorTexts(span);
    return span;
  });
  patch(tracer, "extract", (format: string, carrier: unknown): SpanContext | null => {
    const context = extract.call(tracer, format, carrier);
    if (context === null || hasIds(context as LightstepContext)) return context;
    count("propagation.invalid");
    return null;
  });
  return {
    tracer,
    flush: (timeLimit) => reports.flush(timeLimit),
    async close() {
      tracer._stopReportingLoop?.(); // or there would always be one more to wait for
      await reports.flush();
    },
  };
}

/** Its own table is asked once there is a tracer; until then only the shape is checked. */
function listed(tracer: LightstepTracer): Record<string, Check> {
  return anyNamed([...Object.keys(tracer.options()), ...UNLISTED]);
}

interface LightstepContext extends SpanContext {
  /** 16 digits, and what came as the trace id, or the lower half of it. */
  traceGUID(): unknown;
}

function isLightstepContext(context: SpanContext): boolean {
  return typeof (context as Partial<LightstepContext>).traceGUID === "function";
}

/** It takes any text for an id. One that is no number cannot be encoded, and no report that holds it is ever sent. */
function hasIds(context: LightstepContext): boolean {
  return /^[0-9a-f]{17,32}$/i.test(String(context.traceGUID())) && /^[0-9a-f]{1,16}$/i.test(context.toSpanId());
}
