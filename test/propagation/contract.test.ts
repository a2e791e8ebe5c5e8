// Our own formats keep the contract of header formats.

import { test } from "node:test";
import { propagationContract } from "node-opentracing/testing";
import { B3Propagator } from "#src/propagation/b3.js";
import { BaggagePropagator } from "#src/propagation/baggage.js";
import { DatadogPropagator } from "#src/propagation/datadog.js";
import { JaegerPropagator } from "#src/propagation/jaeger.js";
import { OTTracerPropagator } from "#src/propagation/ot-tracer.js";
import { TraceContextPropagator } from "#src/propagation/w3c.js";
import { XRayPropagator } from "#src/propagation/xray.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const ZEROS = "0".repeat(32);

const cases = [
  ...propagationContract({
    name: "tracecontext",
    propagator: new TraceContextPropagator(),
    malformed: [
      { traceparent: "00-00000000000000000000000000000000-00f067aa0ba902b7-01" },
      { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01" },
      { traceparent: "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
      { traceparent: "nonsense", tracestate: "a=1" },
      { tracestate: "a=1" },
    ],
  }),
  ...propagationContract({
    name: "baggage",
    propagator: new BaggagePropagator(),
    carries: { baggage: true },
    malformed: [
      { baggage: "a" },
      { baggage: "=1" },
      { baggage: "a b=1" },
      { baggage: 'a="1"' },
      { baggage: "a=1\r\nb: 2" },
    ],
  }),
  ...propagationContract({
    name: "b3",
    propagator: new B3Propagator("single"),
    carries: { ids: true, longTraceIds: true },
    malformed: [
      { b3: `${ZEROS}-${SPAN}-1` },
      { b3: `${TRACE}-0000000000000000-1` },
      { b3: `${TRACE}-${SPAN}-2` },
      { b3: `${TRACE}-${SPAN}-` },
      { b3: `${TRACE}-${SPAN}-1-` },
      { b3: `${TRACE}-${SPAN}1` },
      { b3: `${TRACE}${SPAN}` },
      { b3: TRACE },
      { b3: "2" },
      { b3: "D" },
    ],
  }),
  ...propagationContract({
    name: "b3multi",
    propagator: new B3Propagator("multi"),
    carries: { ids: true, longTraceIds: true },
    rareFields: ["x-b3-flags"],
    malformed: [
      { "x-b3-traceid": ZEROS, "x-b3-spanid": SPAN, "x-b3-sampled": "1" },
      { "x-b3-traceid": TRACE, "x-b3-spanid": "0", "x-b3-sampled": "1" },
      { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "2" },
      { "x-b3-traceid": TRACE, "x-b3-sampled": "1" },
      { "x-b3-spanid": SPAN, "x-b3-sampled": "1" },
      { "x-b3-spanid": SPAN },
      { "x-b3-flags": "0" },
    ],
  }),
  ...propagationContract({
    name: "jaeger",
    propagator: new JaegerPropagator(),
    carries: { ids: true, longTraceIds: true, baggage: true },
    fieldPrefix: "uberctx-",
    malformed: [
      { "uber-trace-id": `${ZEROS}:${SPAN}:0:1` },
      { "uber-trace-id": `${TRACE}:0:0:1` },
      { "uber-trace-id": `${TRACE}:${SPAN}:0:` },
      { "uber-trace-id": `${TRACE}:${SPAN}:0:x` },
      { "uber-trace-id": `${TRACE}:${SPAN}:1` },
      { "uber-trace-id": `${TRACE}:${SPAN}:0:1:0` },
      { "uber-trace-id": `:${SPAN}:0:1` },
      { "uber-trace-id": "nonsense" },
      { "jaeger-debug-id": " " },
      { "uberctx-": "1", "uberctx-a b": "1", "jaeger-baggage": "nonsense" },
    ],
  }),
  ...propagationContract({
    name: "datadog",
    propagator: new DatadogPropagator(),
    carries: { ids: true, longTraceIds: true, baggage: true },
    fieldPrefix: "ot-baggage-",
    rareFields: ["x-datadog-origin"],
    malformed: [
      { "x-datadog-trace-id": "0", "x-datadog-parent-id": "1" },
      { "x-datadog-trace-id": "1", "x-datadog-parent-id": "0" },
      { "x-datadog-trace-id": "1" },
      { "x-datadog-trace-id": "18446744073709551616", "x-datadog-parent-id": "1" },
      { "x-datadog-trace-id": "1", "x-datadog-parent-id": "18446744073709551616" },
      { "x-datadog-trace-id": "-1", "x-datadog-parent-id": "1" },
      { "x-datadog-trace-id": "1a", "x-datadog-parent-id": "1" },
      { "x-datadog-parent-id": "1", "x-datadog-sampling-priority": "1" },
    ],
  }),
  ...propagationContract({
    name: "ottrace",
    propagator: new OTTracerPropagator(),
    carries: { ids: true, baggage: true },
    fieldPrefix: "ot-baggage-",
    malformed: [
      { "ot-tracer-traceid": ZEROS, "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "true" },
      { "ot-tracer-traceid": TRACE, "ot-tracer-spanid": "0", "ot-tracer-sampled": "true" },
      { "ot-tracer-traceid": TRACE, "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "yes" },
      { "ot-tracer-traceid": `0${TRACE}`, "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "true" },
      { "ot-tracer-traceid": TRACE, "ot-tracer-sampled": "true" },
      { "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "true" },
    ],
  }),
  ...propagationContract({
    name: "xray",
    propagator: new XRayPropagator(),
    carries: { ids: true, longTraceIds: true },
    malformed: [
      { "x-amzn-trace-id": `Root=1-${ZEROS.slice(24)}-${ZEROS.slice(8)};Parent=${SPAN};Sampled=1` },
      { "x-amzn-trace-id": `Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=0000000000000000;Sampled=1` },
      { "x-amzn-trace-id": `Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=${SPAN};Sampled=2` },
      { "x-amzn-trace-id": `Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Sampled=1` },
      { "x-amzn-trace-id": `Root=2-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=${SPAN};Sampled=1` },
      { "x-amzn-trace-id": `Root=${TRACE.slice(1)};Parent=${SPAN};Sampled=1` },
      { "x-amzn-trace-id": `Parent=${SPAN};Sampled=1` },
      { "x-amzn-trace-id": "nonsense" },
    ],
  }),
];

for (const { name, run } of cases) test(name, run);
