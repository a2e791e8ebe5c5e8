// Binds dd-trace 5 and 6: one span a request, ours; its other plug-ins go on, in the same traces.

import type { Tracer } from "opentracing";
import { warn } from "../diagnostics.ts";
import { type Check, httpUrl, isBoolean, isText, secret } from "../settings.ts";
import { untracedWhere } from "../untraced.ts";
import type { Asked, BoundTracer } from "./bound-tracer.ts";
import { type DatadogScope, DatadogScopeManager } from "./datadog-scope.ts";
import { type DatadogExporter, sendsOf } from "./datadog-sends.ts";
import { type Datadog, DatadogTracer } from "./datadog-tracer.ts";
import { loadPackage } from "./installed-module.ts";
import { releaseOwnSockets } from "./own-sockets.ts";
import { asOwnTraffic } from "./own-traffic.ts";
import { anyGiven, optionsIn } from "./tracer-parameters.ts";

/** The plug-ins whose spans are about requests that we trace, or about their connections. */
const HTTP_PLUGINS = [
  "connect",
  "dns",
  "express",
  "fastify",
  "fetch",
  "find-my-way",
  "hapi",
  "hono",
  "http",
  "http2",
  "koa",
  "microgateway-core",
  "net",
  "next",
  "restify",
  "router",
  "undici",
  "ws",
];

interface DatadogProxy extends Datadog {
  init(options: object): unknown;
  use(plugin: string, enabled: boolean): unknown;
  scope(): DatadogScope;
  /** Whether somebody has called `init`. */
  readonly _initialized?: boolean;
  readonly _pluginManager?: { readonly _pluginsByName?: Readonly<Record<string, { readonly _enabled?: boolean }>> };
  readonly _tracer?: Tracer & { readonly _exporter?: DatadogExporter };
}
/** dd-trace marks its own requests by `noop` in the store of the name `legacy`. */
interface Storage {
  getStore(): { readonly noop?: boolean } | undefined;
}
interface Core {
  storage(name: string): Storage;
}

/** `tracerParameters` are the options of dd-trace's `init`. */
export function ddTrace({ parameters, serviceName }: Asked): BoundTracer {
  const datadog = loadPackage<DatadogProxy>("dd-trace");
  const { storage } = loadPackage<Core>("dd-trace", "./packages/datadog-core");
  const options = optionsIn("dd-trace", parameters, checksOf(parameters));
  const isStarted = datadog._initialized === true;
  // OTEL_SERVICE_NAME and DD_SERVICE it reads itself.
  const service = options["service"] ?? serviceName;
  if (!isStarted) asOwnTraffic(() => datadog.init({ ...options, ...(service !== undefined && { service }) }));
  const running = runningPlugins(datadog);
  for (const name of HTTP_PLUGINS) datadog.use(name, false);
  if (isStarted) {
    const unused = [parameters && "tracerParameters", serviceName && "serviceName"].filter(Boolean);
    warnOfStart(running, unused.join(" and "));
  }
  leaveOut(storage("legacy"));
  return bound(datadog);
}

const leftOut = new WeakSet<Storage>();

/** Once, however often it is bound. */
function leaveOut(own: Storage): void {
  if (leftOut.has(own)) return;
  leftOut.add(own);
  untracedWhere(() => own.getStore()?.noop === true);
  releaseOwnSockets();
}

function bound(datadog: DatadogProxy): BoundTracer {
  const exporter = datadog._tracer?._exporter;
  const inFlight = exporter && sendsOf(exporter);
  async function flush(timeLimit?: number): Promise<void> {
    if (typeof exporter?.flush !== "function") return;
    inFlight?.track((done) => exporter.flush!(done));
    await inFlight?.ended(timeLimit);
  }
  return {
    tracer: new DatadogTracer(datadog),
    inner: datadog._tracer,
    scopeManager: new DatadogScopeManager(datadog.scope()),
    flush,
    close: flush, // there is one dd-trace a process, and it cannot be stopped
  };
}

function runningPlugins(datadog: DatadogProxy): string[] {
  const plugins = datadog._pluginManager?._pluginsByName ?? {};
  return HTTP_PLUGINS.filter((name) => plugins[name]?._enabled === true);
}

/** One warning for both. */
function warnOfStart(running: readonly string[], unused: string): void {
  const sentences: string[] = [];
  if (running.length > 0) {
    sentences.push(
      `its plug-ins ${running.join(", ")} are switched off now, so that a request has one span: ` +
        `switch them off from the start, by DD_TRACE_DISABLED_PLUGINS=${HTTP_PLUGINS.join(",")}`,
    );
  }
  if (unused !== "") sentences.push(`no use is made of ${unused}: give them to its init`);
  if (sentences.length === 0) return;
  warn("settings.ignored", `dd-trace was started before initTracing; ${sentences.join("; ")}`);
}

const isAgentUrl = httpUrl("http://localhost:8126");

/** dd-trace itself warns of few mistakes. Its options are many, and grow: those that matter most are checked. */
function checksOf(parameters: Asked["parameters"]): Record<string, Check> {
  return {
    ...anyGiven(parameters),
    service: isText,
    env: isText,
    version: isText,
    hostname: isText,
    url: secret((value) => (value instanceof URL || /^unix:/.test(String(value)) ? undefined : isAgentUrl(value))),
    startupLogs: isBoolean,
  };
}
