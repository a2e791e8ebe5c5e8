// The contracts of servers and clients, over OpenTelemetry's SDK.

import { test } from "node:test";
import { type Span, Tracer } from "node-opentracing";
import { type ContractClient, clientContract, serverContract } from "node-opentracing/testing";
import type { HttpTracing } from "#src/http/http-tracing.js";
import { CLIENTS } from "../clients/contract-clients.js";
import { HOSTS } from "../hosts/node-http/contract-app.js";
import { finishedSpan } from "./finished-span.js";
import type { Sdk } from "./sdk.js";

/** What a tracer of ours reports by. */
type Reports = Tracer & { report(span: unknown): void };

const NO_SAMPLER = {
  test: "server request 3: tags at the start",
  reason: "it looks at them by a sampler of ours; tracer-cases.ts looks at them by OpenTelemetry's",
};
const NO_CODE = {
  test: "client request 5: a refused connection is an error",
  reason: "an exception event has an error's type, message and stack, and not its code",
};

/** Registers the cases. */
export function contractCases(sdk: Sdk): void {
  const { api, ours } = sdk;

  /** A binding whose spans end up where those of `tracer` do. */
  function bindingTo(tracer: Tracer) {
    const provider = sdk.provider((span) => (tracer as Reports).report(finishedSpan(span, tracer)));
    return ours.openTelemetryBinding({ provider, stableNames: false });
  }

  for (const host of HOSTS) {
    const over = {
      ...host,
      skip: [...(host.skip ?? []), NO_SAMPLER],
      start(setup: Parameters<typeof host.start>[0]) {
        // Tracers that fail are the contract's own.
        if (!(setup.tracer instanceof Tracer)) return host.start(setup);
        const { tracer, scopeManager } = bindingTo(setup.tracer);
        return host.start({ ...setup, tracer, options: { ...setup.options, scopeManager } });
      },
    };
    for (const { name, run, skip = false } of serverContract(over)) test(name, { skip }, run);
  }

  for (const client of CLIENTS) {
    const over: ContractClient = {
      ...client,
      skip: [...(client.skip ?? []), NO_CODE],
      trace: (tracing) => client.trace(bound(tracing)),
    };
    for (const { name, run, skip = false } of clientContract(over)) test(`${client.name}: ${name}`, { skip }, run);
  }

  /** The same policy over OpenTelemetry: its parents are those that the contract makes active, which are spans of ours. */
  function bound(tracing: HttpTracing): HttpTracing {
    if (!(tracing.tracer instanceof Tracer)) return tracing;
    const { tracer, scopeManager } = bindingTo(tracing.tracer);
    const known = new WeakMap<object, Span>();
    return Object.create(tracing, {
      tracer: { value: tracer },
      others: { value: scopeManager.others },
      scope: {
        value: {
          run: tracing.scope.run.bind(tracing.scope),
          active() {
            const active = tracing.scope.active();
            if (active === undefined || known.has(active)) return active && known.get(active);
            const context = active.context();
            const ids = { traceId: context.toTraceId(), spanId: context.toSpanId(), traceFlags: 1 };
            const span = (tracer as unknown as Wraps).wrap(
              api.trace.wrapSpanContext(ids),
              api.propagation.createBaggage(),
            );
            known.set(active, span);
            return span;
          },
        },
      },
    });
  }
}

interface Wraps {
  wrap(span: unknown, baggage: unknown): Span;
}
