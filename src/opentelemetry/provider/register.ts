// Our tracer as OpenTelemetry's: for libraries that are instrumented for that, or call its API themselves.

import nodeModule from "node:module"; // not the named import, whose calls webpack rewrites
import { context, type ProxyTracerProvider, propagation, type TracerProvider, trace } from "@opentelemetry/api";
import { Tracer as NoopTracer } from "opentracing";
import { warn } from "../../diagnostics.ts";
import { requestsTraced } from "../../init-tracing.ts";
import type { Undo } from "../../patch.ts";
import { SPAN_KIND } from "../../tags.ts";
import { extendSpans, Tracer } from "../../tracer/tracer.ts";
import { attach, Tracing } from "../../tracing.ts";
import { silenceBy } from "../../untraced.ts";
import { suppressing } from "../suppression.ts";
import { BilingualSpan } from "./bilingual-span.ts";
import { OpenTelemetryContextManager } from "./context-manager.ts";
import { OpenTelemetryPropagator } from "./propagator.ts";
import { ExplicitStart, type Registration } from "./tracer.ts";
import { OpenTelemetryProvider } from "./tracer-provider.ts";

/** For as long as the process runs: what is registered and taken back is the tracer behind them. */
const registration: Registration = { tracer: undefined };
const provider = new OpenTelemetryProvider(registration, requestsTraced);

/** The one that there can be. */
let registered: { readonly tracing: Tracing; readonly undo: Undo; isInPlace(): boolean } | undefined;

/**
 * Registers the tracing's tracer as OpenTelemetry's global tracer provider, its scope as the context manager, and its header
 * formats as the propagator. From then on `trace.getActiveSpan()` and `tracing.activeSpan()` are one span, spans of both APIs
 * nest in one another, and all go to the tracing's reporter by its sampler's decision.
 *
 * Register before or after libraries ask for their tracers: both work. A second call for the same tracing changes nothing,
 * unless OpenTelemetry's own `disable()` was called in between: then it registers anew.
 * Where another provider, context manager or propagator is registered, nothing is, and a warning (`settings.ignored`) says so;
 * nor is a tracing that is closed.
 *
 * @returns takes it back, as `tracing.close()` does: tracers that libraries keep then make spans that record nothing
 * @throws TypeError where `tracing` is no Tracing object, or its tracer is not the built-in one
 */
export function registerOpenTelemetry(tracing: Tracing): Undo {
  const tracer = tracerOf(tracing);
  if (tracer === undefined) return nothing;
  if (tracer.isClosed) {
    warn(
      "settings.ignored",
      "registerOpenTelemetry: the tracing is closed, so nothing was registered; call it before close()",
    );
    return nothing;
  }
  if (registered?.tracing === tracing) {
    if (registered.isInPlace()) return registered.undo;
    registered.undo();
  }

  const contexts = new OpenTelemetryContextManager(tracing.scopeManager, tracer);
  const parts: Parts = { contexts, propagator: new OpenTelemetryPropagator(tracer) };
  const missing = SETTERS.find(({ set }) => !set(parts));
  if (missing !== undefined) {
    unset(parts);
    warn(
      "settings.ignored",
      `registerOpenTelemetry: another OpenTelemetry ${missing.what} is registered already, or another version of ` +
        "@opentelemetry/api is in use, so nothing was registered; remove the OpenTelemetry SDK's start (or its --import " +
        "flag), install one version of the API, or leave out this call",
    );
    return nothing;
  }
  registration.tracer = tracer;
  extendSpans(tracer, {
    Span: BilingualSpan,
    // A request that comes in is traced wherever its server was made.
    isSuppressed: (options) =>
      !(options instanceof ExplicitStart) && contexts.isSuppressed() && options?.tags?.[SPAN_KIND] !== "server",
  });

  const { http } = tracing;
  const { runRequest } = http;
  http.runRequest = contexts.runRequest.bind(contexts) as typeof runRequest;
  // Or instrumentations of DNS and sockets trace each connection to the back end, which is exported by the next one, for ever.
  silenceBy((fn) => contexts.with(suppressing(contexts.active()), fn));

  const undo: Undo = () => {
    if (registered?.undo !== undo) return;
    registered = undefined;
    registration.tracer = undefined;
    extendSpans(tracer, undefined);
    http.runRequest = runRequest;
    silenceBy(undefined);
    unset(parts);
  };
  registered = { tracing, undo, isInPlace: () => SETTERS.every(({ isSet }) => isSet(parts)) };
  attach(tracing, { close: undo });
  return undo;
}

interface Parts {
  readonly contexts: OpenTelemetryContextManager;
  readonly propagator: OpenTelemetryPropagator;
}

interface Setter {
  readonly what: string;
  /** Answers false where another one is there. */
  readonly set: (parts: Parts) => boolean;
  /** False once somebody has taken it away, or put another one in its place. */
  readonly isSet: (parts: Parts) => boolean;
  readonly clear: () => void;
}

const SETTERS: readonly Setter[] = [
  {
    what: "tracer provider",
    set() {
      const other = otherCopy();
      if (other?.setGlobalTracerProvider(provider)) other.disable();
      return trace.setGlobalTracerProvider(provider);
    },
    // After the other copy's disable() ours still answers as if nothing had happened.
    isSet: () => [trace, otherCopy() ?? trace].every((copy) => delegateOf(copy) === provider),
    clear: () => trace.disable(),
  },
  {
    what: "context manager",
    set({ contexts }) {
      const isSet = context.setGlobalContextManager(contexts);
      if (isSet) contexts.enable();
      return isSet;
    },
    isSet: ({ contexts }) => contexts.isEnabled,
    clear: () => context.disable(),
  },
  {
    what: "propagator",
    set: ({ propagator }) => propagation.setGlobalPropagator(propagator),
    isSet: ({ propagator }) => propagation.fields() === propagator.fields(),
    clear: () => propagation.disable(),
  },
];

/** Takes away what is there of ours, and leaves alone what is somebody else's. */
function unset(parts: Parts): void {
  for (const { isSet, clear } of SETTERS) if (isSet(parts)) clear();
}

function delegateOf(copy: typeof trace): TracerProvider | undefined {
  return (copy.getTracerProvider() as Partial<ProxyTracerProvider>).getDelegate?.();
}

/**
 * From 1.10 on the API is there twice, imported and required. What libraries get of either before the registration are proxies
 * of its own, which learn of a provider only when it is set there: so it is set there too, and taken away again.
 */
function otherCopy(): typeof trace | undefined {
  try {
    const required = nodeModule.createRequire(import.meta.url)("@opentelemetry/api") as {
      readonly trace: typeof trace;
    };
    return required.trace === trace ? undefined : required.trace;
  } catch {
    return undefined; // in a bundle
  }
}

/** Undefined where tracing is switched off by OTEL_SDK_DISABLED. */
function tracerOf(tracing: Tracing): Tracer | undefined {
  if (!(tracing instanceof Tracing)) {
    throw new TypeError("registerOpenTelemetry(tracing): the tracing must be a Tracing object: initTracing()");
  }
  const { tracer } = tracing;
  // Not one of a class of its own, as jaeger's: its spans are of another class, too.
  if (tracer instanceof Tracer && tracer.constructor === Tracer) return tracer;
  if (tracer.constructor === NoopTracer) return undefined;
  throw new TypeError(
    "registerOpenTelemetry(tracing): the tracing's tracer must be the built-in one: initTracing() without another tracer, " +
      "or new Tracing(new Tracer({ reporter }))",
  );
}

function nothing(): void {}
