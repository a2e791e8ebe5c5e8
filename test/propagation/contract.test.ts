// Our own formats keep the contract of header formats.

import { test } from "node:test";
import { propagationContract } from "node-opentracing/testing";
import { BaggagePropagator } from "#src/propagation/baggage.js";
import { TraceContextPropagator } from "#src/propagation/w3c.js";

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
];

for (const { name, run } of cases) test(name, run);
