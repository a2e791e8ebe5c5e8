// One line for an application: chooses a tracer, and traces every request in and out.

import { FORMAT_TEXT_MAP, globalTracer, initGlobalTracer, Tracer as NoopTracer, type Tracer } from "opentracing";
import { boundTo } from "./bindings/bound-tracer.ts";
import { BUILT_IN_CHECKS, type BuiltInOptions, builtInTracer } from "./built-in-tracer.ts";
import { finishPendingSpans, watchPending } from "./clients/exchange.ts";
import { traceFetch } from "./clients/fetch.ts";
import { traceHttp2Client } from "./clients/http2.ts";
import { traceNodeHttpClient } from "./clients/node-http.ts";
import { syncAfter, synced } from "./clients/sync-exports.ts";
import { warn } from "./diagnostics.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { traceServers } from "./hosts/servers.ts";
import { HTTP_OPTION_CHECKS, type HttpOptions, isOfTracing } from "./http/http-tracing.ts";
import { keepTick } from "./keep-tick.ts";
import { type Undo, undoAll } from "./patch.ts";
import { OTLP_CHECKS } from "./report/otlp-reporter.ts";
import { type Check, checkOptions, either, isFunction, isObject, isText, isTracer, secret } from "./settings.ts";
import { shared } from "./shared.ts";
import { makeTracer, type TracerCallable } from "./tracer-callable.ts";
import { attach, Tracing, type TracingOptions } from "./tracing.ts";

/** The settings of `initTracing`. */
export interface Settings extends HttpOptions, BuiltInOptions {
  /** A `Tracing` object whose tracer and options to use. Options given beside it win. */
  readonly tracing?: Tracing | undefined;
  /** Any OpenTracing tracer. */
  readonly tracer?: Tracer | undefined;
  /** A function or class that makes a tracer, the name of a bound tracer, or `"module:export"`. OPENTRACING_TRACER by default. Called once. */
  readonly tracerCallable?: TracerCallable | undefined;
  /**
   * What to call it with: an object is its only argument, an array's items are its arguments. OPENTRACING_TRACER_PARAMETERS is for
   * OPENTRACING_TRACER alone.
   */
  readonly tracerParameters?: object | readonly unknown[] | undefined;
}

const isTracing: Check = (value) => (isOfTracing(value) ? undefined : "a Tracing object");

const SETTING_CHECKS: Readonly<Record<keyof Settings, Check>> = {
  ...HTTP_OPTION_CHECKS,
  ...BUILT_IN_CHECKS,
  tracing: isTracing,
  tracer: isTracer,
  tracerCallable: either(isFunction, isText),
  tracerParameters: secret(isObject),
};

/** What to write instead of an option that reporters have. */
const OF_REPORTERS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(OTLP_CHECKS).map((name) => [name, `a reporter has it: { reporter: new OtlpReporter({ ${name}: … }) }`]),
);

/**
 * Whose policy servers follow, and clients. Each is patched once a process, by whichever copy of this package comes first:
 * a bundle may bring one of its own.
 */
const patched: {
  server?: { readonly tracing: Tracing; readonly traceClients: () => void } | undefined;
  client?: { readonly tracing: Tracing; readonly undo: Undo } | undefined;
} = shared("patched", () => ({}));

/**
 * Traces every request in and out of this process: servers and clients of node:http, node:https and node:http2, fetch and
 * undici. Servers that listen already and modules that were imported before are traced too. A second call patches nothing and answers the
 * same object, until its `close`.
 *
 * Which tracer, the first that there is: that of `tracing`; `tracer`; what `tracerCallable` makes; the global OpenTracing
 * tracer, if the application has set one; what OPENTRACING_TRACER names; else the built-in one, which becomes the global one.
 *
 * @throws TypeError for a setting that does not exist or is wrong, saying what to write instead
 * @throws Error for a `tracerCallable` that cannot be loaded, naming the module or export
 */
export function initTracing(settings: Settings = {}): Tracing {
  checkOptions("initTracing(settings)", settings, SETTING_CHECKS, OF_REPORTERS);
  if (patched.server !== undefined) {
    if (Object.keys(settings).length > 0) {
      warn("settings.ignored", "initTracing was called before: close that tracing first to trace with other settings");
    }
    return patched.server.tracing;
  }
  const environment = readEnvironment();
  if (environment.isDisabled) return new Tracing(new NoopTracer(), httpOptions(settings));

  const tracing = chosenTracing(settings, environment);
  tracing.http.begun();
  keepTick();
  const mine = { tracing, traceClients: () => patchClients(tracing) };
  patched.server = mine;
  const undoServers = traceServers(tracing.http);
  attach(tracing, {
    close() {
      undoServers();
      patched.server = undefined;
    },
  });
  if (tracing.http.traceClient && patched.client === undefined) mine.traceClients();
  return tracing;
}

/** What `initTracing` answered, until its `close`; before and after that, one for the global OpenTracing tracer. */
export function currentTracing(): Tracing {
  if (patched.server !== undefined) return patched.server.tracing;
  globalTracing ??= new Tracing();
  return globalTracing;
}

let globalTracing: Tracing | undefined;

/** Whether requests that come in, and those that go out, get spans of ours now. */
export function requestsTraced(): { readonly incoming: boolean; readonly outgoing: boolean } {
  return { incoming: patched.server?.tracing.http.traceAll === true, outgoing: patched.client !== undefined };
}

/**
 * Traces outgoing requests alone: node:http, node:https, node:http2, fetch and undici. After `initTracing`, or when called again, the
 * tracer given here takes over until its `close`; requests are still traced once.
 *
 * @param tracer any OpenTracing tracer, or a `Tracing` object, whose tracer and options are used; without one, the global
 *   tracer, looked up at each use
 * @throws TypeError for a wrong tracer or option, saying what to write instead
 */
export function initClientTracing(tracer?: Tracer | Tracing, options: TracingOptions = {}): Tracing {
  const tracing = isOfTracing<Tracing>(tracer) ? extended(tracer, options) : new Tracing(tracer, options);
  if (readEnvironment().isDisabled) return tracing;
  tracing.http.begun();
  handOver(
    () => patched.client?.undo(),
    () => patchClients(tracing),
  );
  return tracing;
}

/** Traces clients by another tracing. Spans of responses that are being read go on. */
function handOver(undo: Undo, patchAgain: () => void): void {
  syncAfter(() => {
    const stopWatching = watchPending();
    undo();
    patchAgain();
    stopWatching();
  });
}

function patchClients(tracing: Tracing): void {
  const undo = synced(() =>
    undoAll([traceNodeHttpClient(tracing.http), traceHttp2Client(tracing.http), traceFetch(tracing.http)]),
  );
  const mine = { tracing, undo };
  patched.client = mine;
  attach(tracing, {
    close() {
      const { client, server } = patched;
      const isLast = server === undefined || server.tracing === tracing || !server.tracing.http.traceClient;
      if (client === mine) patched.client = undefined;
      // What took over from initTracing gives back.
      if (client === mine && !isLast) {
        handOver(undo, server.traceClients);
      } else {
        if (client === mine || client === undefined) finishPendingSpans();
        undo();
      }
    },
  });
}

function chosenTracing(settings: Settings, environment: Environment): Tracing {
  const options = httpOptions(settings);
  const { tracing, tracer, tracerCallable, tracerParameters } = settings;
  if (tracerCallable === undefined && tracerParameters !== undefined) {
    warn("settings.ignored", "tracerParameters: for tracerCallable alone");
  } else if (tracerCallable !== undefined && (tracing ?? tracer) !== undefined) {
    warn("settings.ignored", "tracerCallable: not beside tracing or tracer, which come first");
  }
  if (tracing !== undefined) {
    warnOfUnused(settings);
    return extended(tracing, options);
  }
  if (tracer !== undefined) {
    warnOfUnused(settings);
    return new Tracing(tracer, options);
  }
  if (tracerCallable !== undefined) {
    return madeTracing(settings, environment, tracerCallable, tracerParameters);
  }
  if (globalTracerIsSet()) {
    warnOfUnused(settings);
    return new Tracing(undefined, options);
  }
  if (environment.tracer !== undefined) {
    return madeTracing(settings, environment, environment.tracer, environment.tracerParameters);
  }
  if (environment.tracerParameters !== undefined) {
    warn("settings.ignored", "OPENTRACING_TRACER_PARAMETERS: for OPENTRACING_TRACER alone, which is not set");
  }
  return builtInTracing(settings, options, environment);
}

function madeTracing(
  settings: Settings,
  environment: Environment,
  callable: TracerCallable,
  parameters: Settings["tracerParameters"],
): Tracing {
  const tracer = makeTracer(callable, parameters, settings.serviceName, environment);
  const bound = boundTo(tracer);
  warnOfUnused(bound === undefined ? settings : { ...settings, serviceName: undefined });
  const tracing = new Tracing(tracer, httpOptions(settings));
  if (bound !== undefined) attach(tracing, { close: () => bound.close() });
  return tracing;
}

function warnOfUnused(settings: Settings): void {
  const unused = Object.keys(BUILT_IN_CHECKS).filter((name) => settings[name as keyof BuiltInOptions] !== undefined);
  if (unused.length === 0) return;
  warn("settings.ignored", `${unused.join(", ")}: for the built-in tracer alone, and another tracer was given or set`);
}

function builtInTracing(settings: Settings, options: HttpOptions, environment: Environment): Tracing {
  const tracer = builtInTracer(settings, environment);
  const tracing = new Tracing(tracer, options);
  initGlobalTracer(tracer);
  attach(tracing, { close: () => tracer.close() });
  return tracing;
}

/** The same tracer with more options: `tracing` itself where there are none, unless another copy of this package has made it. */
export function extended(tracing: Tracing, options: HttpOptions): Tracing {
  if (tracing instanceof Tracing && Object.keys(options).length === 0) return tracing;
  return new Tracing(tracing.tracer, { ...tracing.options, ...options });
}

/** Those settings that belong to the policy. */
function httpOptions(settings: Settings): HttpOptions {
  const names = Object.keys(HTTP_OPTION_CHECKS) as (keyof HttpOptions)[];
  return Object.fromEntries(names.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]));
}

/**
 * Whether an application has set a global tracer. `opentracing` cannot be asked; but only the no-op tracer answers
 * `extract` with the no-op context, and asking costs nothing, where starting a span would be seen.
 */
function globalTracerIsSet(): boolean {
  try {
    return globalTracer().extract(FORMAT_TEXT_MAP, {}) !== new NoopTracer().extract(FORMAT_TEXT_MAP, {});
  } catch {
    return true; // as MockTracer does
  }
}
