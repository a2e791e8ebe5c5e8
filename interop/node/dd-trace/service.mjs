// A service traced with dd-trace and its plug-in for node:http, in the format FORMAT.

import { require, versions } from "../packages.mjs";

/** Its names of the formats. */
const STYLES = { datadog: "datadog", tracecontext: "tracecontext,baggage", b3: "b3 single header", b3multi: "b3multi" };

process.env.DD_TRACE_PROPAGATION_STYLE = STYLES[process.env.FORMAT];
process.env.DD_TRACE_SAMPLE_RATE = process.env.SAMPLED;
process.env.DD_TRACE_STARTUP_LOGS = "false";
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = "false";
process.env.DD_REMOTE_CONFIGURATION_ENABLED = "false";
process.env.DD_TRACE_AGENT_URL = "http://127.0.0.1:9"; // nobody: spans are made, and lost

const tracer = require("dd-trace").init();
require("node:http"); // it is instrumented when it is required, for all that have it

/** Baggage of W3C's header is a thing apart from a span's own, which goes by `ot-baggage-*`. */
const isOwnFormat = process.env.FORMAT === "datadog";

const { call, serve } = await import("../serve.mjs");

await serve(versions("dd-trace"), async (_request, _response, { item, next }) => {
  const span = tracer.scope().active();
  if (item !== null) (isOwnFormat ? span : tracer).setBaggageItem("item", item);
  const hop = { peer: "dd-trace", client: null, next: null };
  if (next === null) return { ...hop, span: seen(span) };
  let client;
  const answer = await call(next, () => {
    client = span.context()._trace.started.findLast((one) => one.context()._name === "http.request");
  });
  return { ...hop, span: seen(span), client: { spanId: client.context().toSpanId(true) }, next: answer };
});

function seen(span) {
  const context = span.context();
  tracer.inject(span, "text_map", {}); // decides, where nothing has been sent yet
  return {
    traceId: context.toTraceId(true),
    spanId: context.toSpanId(true),
    parentId: context._parentId?.toString(16).padStart(16, "0") ?? "",
    sampled: context._sampling.priority > 0,
    baggage: isOwnFormat ? context._baggageItems : tracer.getAllBaggageItems(),
  };
}
