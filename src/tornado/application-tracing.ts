// Which tracer and policy an application's requests follow: its `opentracing...` settings.

import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import { boundTo } from "../bindings/bound-tracer.ts";
import { readEnvironment } from "../environment.ts";
import { seeNothing, watchServer } from "../hosts/server-watch.ts";
import { spanOf } from "../hosts/traced-request.ts";
import { type AttributeTagger, attributeTaggers } from "../http/attributes.ts";
import { HTTP_OPTION_CHECKS, type HttpOptions } from "../http/http-tracing.ts";
import { type Check, checkOptions, either, isFunction, isObject, isText, secret } from "../settings.ts";
import { makeTracer, type TracerCallable } from "../tracer-callable.ts";
import { attach, Tracing } from "../tracing.ts";
import { hasBody } from "./body.ts";
import type { HTTPServerRequest } from "./http-server-request.ts";
import { applicationMade, isInitialized, servedBy } from "./init-tracing.ts";
import { RequestTracing } from "./request-tracing.ts";
import { TornadoTracing } from "./tornado-tracing.ts";

/** The settings of an application that concern tracing. They count once `initTracing` was called. */
export interface OpenTracingSettings {
  /** A TornadoTracing object, whose tracer and options to use. Settings given beside it win over its options. */
  readonly opentracingTracing?: Tracing | undefined;
  /**
   * A function or class that makes a tracer, or the text `"module:export"` that names one. Called once. Without this and
   * the above, the global tracer is used, looked up for each span.
   */
  readonly opentracingTracerCallable?: TracerCallable | undefined;
  /** What to call it with: an object is its only argument, an array's items are its arguments. */
  readonly opentracingTracerParameters?: object | readonly unknown[] | undefined;
  /** Trace every request; false leaves all but decorated methods alone. True by default. */
  readonly opentracingTraceAll?: boolean | undefined;
  /** Trace AsyncHTTPClient. True by default. */
  readonly opentracingTraceClient?: boolean | undefined;
  /** Properties of `request` to copy to tags of the same name. Counts only with `opentracingTraceAll`. None by default. */
  readonly opentracingTracedAttributes?: readonly string[] | undefined;
  /** Called with each new span and its request, the handler's or the client's, after the tags are set. */
  readonly opentracingStartSpanCb?: HttpOptions["startSpanCb"];
}

const isTracing: Check = (value) => (value instanceof Tracing ? undefined : "a TornadoTracing object");

const CHECKS: Readonly<Record<keyof OpenTracingSettings, Check>> = {
  opentracingTracing: isTracing,
  opentracingTracerCallable: either(isFunction, isText),
  opentracingTracerParameters: secret(isObject),
  opentracingTraceAll: HTTP_OPTION_CHECKS.traceAll,
  opentracingTraceClient: HTTP_OPTION_CHECKS.traceClient,
  opentracingTracedAttributes: HTTP_OPTION_CHECKS.tracedAttributes,
  opentracingStartSpanCb: HTTP_OPTION_CHECKS.startSpanCb,
};

/** Properties of `request` that are known, or known in full, only when the body is here. */
const OF_BODY: ReadonlySet<string> = new Set(["body", "bodyArguments", "arguments", "files"]);

function isOfBody(path: string): boolean {
  return OF_BODY.has(path.split(".")[0]!);
}

/** How one application is traced. */
export class ApplicationTracing {
  /** The object that was given, or was made in its place. */
  readonly given: Tracing;
  readonly #isOurs: boolean;
  readonly #requests: RequestTracing;
  /** Of a request with a body: the attributes that are read at its start, and those that are read when the body is here. */
  readonly #ofHead: readonly AttributeTagger[];
  readonly #ofBody: readonly AttributeTagger[];
  readonly #servers = new WeakSet<Server>();

  /** @throws TypeError for a wrong setting, saying what to write instead */
  constructor(settings: OpenTracingSettings) {
    const ours = Object.entries(settings).filter(([name]) => name.startsWith("opentracing"));
    checkOptions("new Application(routes, settings)", Object.fromEntries(ours), CHECKS);
    const { opentracingTracing: given, opentracingTracerCallable: callable } = settings;
    const options = httpOptions(settings);
    this.#isOurs = given === undefined;
    if (given !== undefined) this.given = given;
    else {
      const parameters = settings.opentracingTracerParameters;
      const tracer =
        callable === undefined ? undefined : makeTracer(callable, parameters, undefined, readEnvironment());
      this.given = new TornadoTracing(tracer, options);
      const bound = tracer === undefined ? undefined : boundTo(tracer);
      if (bound !== undefined) attach(this.given, { close: () => bound.close() });
    }
    const isAsGiven = given === undefined || Object.keys(options).length === 0;
    const tracing = isAsGiven ? this.given : new TornadoTracing(given.tracer, { ...given.options, ...options });
    this.#requests = new RequestTracing(tracing.http);
    const { tracedAttributes = [] } = tracing.options;
    this.#ofHead = attributeTaggers(
      tracedAttributes.filter((path) => !isOfBody(path)),
      tracing.http.redact,
    );
    this.#ofBody = attributeTaggers(tracedAttributes.filter(isOfBody), tracing.http.redact);
    applicationMade(tracing.http);
  }

  /** Calls `serve`, in the request's span where it has one. The settings count once `initTracing` was called. */
  run(request: HTTPServerRequest, serve: () => unknown): void {
    const { http } = this.#requests;
    const isOn = isInitialized();
    const outer = spanOf(request.req);
    if (outer !== undefined) {
      this.#requests.join(request, outer);
      if (isOn && http.traceAll) {
        this.#requests.tag(request, outer, this.#attributesOf(request));
        this.#tagBody(request, outer);
      }
      http.scope.run(http.scope.active() ?? outer, isOn ? () => servedBy(http, serve) : serve);
    } else if (isOn) {
      const traced = http.traceAll ? this.#requests.begin(request, this.#attributesOf(request), true) : undefined;
      if (traced !== undefined) this.#tagBody(request, traced.span);
      http.scope.run(traced?.span, servedBy, http, serve);
    } else {
      serve();
    }
  }

  /** Those to be read at its start. */
  #attributesOf({ req }: HTTPServerRequest): readonly AttributeTagger[] {
    return hasBody(req) ? this.#ofHead : this.#requests.http.attributes;
  }

  #tagBody(request: HTTPServerRequest, span: Span): void {
    if (this.#ofBody.length === 0 || !hasBody(request.req)) return;
    request.whenReceived = () => this.#requests.tag(request, span, this.#ofBody);
  }

  /** The application serves this server's requests: from now on the last spans are sent when the process ends. */
  attached(server: Server): void {
    this.given.http.begun();
    if (this.#servers.has(server)) return;
    this.#servers.add(server);
    watchServer(server, (_server, emit, args) => {
      const isUpgrade = args[0] === "upgrade" || args[0] === "connect";
      return isUpgrade && this.#isTraced(args[1] as IncomingMessage, args[2] as Socket | undefined)
        ? this.#requests.upgrade(server, emit, args, args[1] as IncomingMessage, args[2] as Socket)
        : seeNothing(server, emit, args);
    });
  }

  #isTraced(upgrade: IncomingMessage, socket: Socket | undefined): boolean {
    if (!isInitialized() || !this.#requests.http.traceAll) return false;
    return typeof socket?.once === "function" && spanOf(upgrade) === undefined;
  }

  /** Sends the spans that have finished. A Tracing object that was made here is closed, one that was given stays open. */
  close(): Promise<void> {
    return this.#isOurs ? this.given.close() : this.given.flush();
  }
}

/** Those settings that belong to the policy, as options of a Tracing. */
function httpOptions(settings: OpenTracingSettings): HttpOptions {
  const options: { -readonly [K in keyof HttpOptions]: HttpOptions[K] } = {};
  if (settings.opentracingTraceAll !== undefined) options.traceAll = settings.opentracingTraceAll;
  if (settings.opentracingTraceClient !== undefined) options.traceClient = settings.opentracingTraceClient;
  if (settings.opentracingTracedAttributes !== undefined)
    options.tracedAttributes = settings.opentracingTracedAttributes;
  if (settings.opentracingStartSpanCb !== undefined) options.startSpanCb = settings.opentracingStartSpanCb;
  return options;
}
