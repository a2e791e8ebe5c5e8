// A service traced with OpenTelemetry's SDK and its instrumentation of node:http, in the format FORMAT.

import { require, versions } from "../packages.mjs";

process.env.OTEL_TRACES_SAMPLER = process.env.SAMPLED === "1" ? "parentbased_always_on" : "parentbased_always_off";
process.env.OTEL_METRICS_EXPORTER = "none";
process.env.OTEL_LOGS_EXPORTER = "none";

const { context, propagation, trace, TraceFlags } = require("@opentelemetry/api");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { NodeSDK } = require("@opentelemetry/sdk-node");

/** By format: the package that has its propagator, and how that is made. None: the SDK's own, by its name. */
const PROPAGATORS = {
  b3: ["@opentelemetry/propagator-b3", ({ B3Propagator }) => new B3Propagator()],
  b3multi: ["@opentelemetry/propagator-b3", ({ B3Propagator }) => new B3Propagator({ injectEncoding: 1 })],
  jaeger: ["@opentelemetry/propagator-jaeger", ({ JaegerPropagator }) => new JaegerPropagator()],
  ottrace: ["@opentelemetry/propagator-ot-trace", ({ OTTracePropagator }) => new OTTracePropagator()],
  xray: ["@opentelemetry/propagator-aws-xray", ({ AWSXRayPropagator }) => new AWSXRayPropagator()],
};
const [propagator, make] = PROPAGATORS[process.env.FORMAT] ?? [];

/** The client's spans by their requests: the instrumentation alone knows them. */
const clientSpans = new WeakMap();
const nothing = { onStart() {}, onEnd() {}, async forceFlush() {}, async shutdown() {} };

new NodeSDK({
  autoDetectResources: false,
  instrumentations: [new HttpInstrumentation({ requestHook: (span, request) => clientSpans.set(request, span) })],
  spanProcessors: [nothing],
  ...(make && { textMapPropagator: make(require(propagator)) }),
}).start();
require("node:http"); // it is instrumented when it is required, for all that have it

const { call, serve } = await import("../serve.mjs");
const names = [
  "@opentelemetry/sdk-node",
  "@opentelemetry/sdk-trace",
  "@opentelemetry/instrumentation-http",
  "@opentelemetry/api",
];

await serve(versions(...names, ...(propagator ? [propagator] : [])), async (_request, _response, { item, next }) => {
  const before = propagation.getActiveBaggage() ?? propagation.createBaggage();
  const baggage = item === null ? before : before.setEntry("item", { value: item });
  const hop = { peer: "opentelemetry", span: seen(trace.getActiveSpan(), baggage), client: null, next: null };
  if (next === null) return hop;
  let request;
  const answer = await context.with(propagation.setBaggage(context.active(), baggage), () =>
    call(next, (made) => {
      request = made;
    }),
  );
  return { ...hop, client: { spanId: clientSpans.get(request).spanContext().spanId }, next: answer };
});

function seen(span, baggage) {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId ?? "",
    sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
    baggage: Object.fromEntries(baggage.getAllEntries().map(([name, { value }]) => [name, value])),
  };
}
