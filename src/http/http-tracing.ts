// The policy: what is traced, how it is named, and what may be told about it. Every host and client takes one.

import { globalTracer, type Span, type Tracer } from "opentracing";
import { guard, isThenable } from "../guard.ts";
import type { Undo } from "../patch.ts";
import type { OtherInstrumentation, ScopeManager } from "../scope/scope-manager.ts";
import { type Check, either, hasMethods, isBoolean, isFunction, isTextList, show } from "../settings.ts";
import { type AttributeTagger, attributeTaggers } from "./attributes.ts";
import { DEFAULT_REDACTED, redactor } from "./redaction.ts";

/**
 * What users may choose. Every callback is guarded: what it throws is counted and warned about, and goes no further; so is
 * an answer of another type, a promise above all, for nobody waits for that.
 */
export interface HttpOptions {
  /** Trace every request of a patched host; false leaves all but decorated handlers alone. True by default. */
  readonly traceAll?: boolean | undefined;
  /** Trace outgoing requests. True by default. */
  readonly traceClient?: boolean | undefined;
  /** Spans for the middleware and hooks of frameworks too, children of the request's. False by default. */
  readonly traceMiddleware?: boolean | undefined;
  /**
   * Request properties to copy to tags of the same name: `"method"`, `"headers.user-agent"`, `"socket.remoteAddress"`.
   * None by default. Counts only with `traceAll`.
   */
  readonly tracedAttributes?: readonly string[] | undefined;
  /** Called with each new span and its request, after the tags are set and before the context is sent on. */
  // biome-ignore lint/suspicious/noExplicitAny: callers annotate the request type of their host
  readonly startSpanCb?: ((span: Span, request: any) => void) | undefined;
  /** The operation name of a request, incoming or outgoing. The method by default, and where it answers undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly operationName?: ((request: any) => string | undefined) | undefined;
  /** Whether to trace a request, incoming or outgoing. All by default. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly filter?: ((request: any) => boolean) | undefined;
  /** Query parameters whose values are replaced in URLs, in place of `DEFAULT_REDACTED`. */
  readonly redactedParameters?: readonly string[] | undefined;
  /**
   * Where to send trace headers: a list of URL beginnings and patterns, or a function of the URL that answers `true`.
   * A beginning ends with "/", or the URL goes on with "/", "?" or "#" or ends there: `"https://example.com"` is not
   * `https://example.com.evil.org`. Everywhere by default. Requests to other places are traced, but carry nothing.
   */
  readonly propagateTo?: readonly (string | RegExp)[] | ((url: string) => boolean) | undefined;
  /**
   * Whether a request comes from somebody whose trace is not to be continued: it begins a trace of its own, with a link to the
   * caller's span. Its sampling decision, baggage and trace state are left out. False by default; true where a function
   * throws, or answers anything but true or false.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly publicEndpoint?: boolean | ((request: any) => boolean) | undefined;
  /** What "active" means. By default asynchronous call chains, each with its own active span. */
  readonly scopeManager?: ScopeManager | undefined;
}

/** The checks of `HttpOptions`, for `checkOptions`. */
export const HTTP_OPTION_CHECKS: Readonly<Record<keyof HttpOptions, Check>> = {
  traceAll: isBoolean,
  traceClient: isBoolean,
  traceMiddleware: isBoolean,
  tracedAttributes: isTextList,
  startSpanCb: isFunction,
  operationName: isFunction,
  filter: isFunction,
  redactedParameters: isTextList,
  propagateTo: either(isFunction, isTargetList),
  publicEndpoint: either(isBoolean, isFunction),
  scopeManager: hasMethods("a scope manager", "active", "run"),
};

/** Options made ready for use: defaults filled in, callbacks guarded, paths and lists compiled. */
export class HttpTracing {
  /** Any OpenTracing tracer. Without one given: the global one, looked up at each use. */
  readonly tracer: Tracer;
  readonly scope: ScopeManager;
  /** Others that may trace the same requests by the same tracer; undefined where there are none. */
  readonly others: OtherInstrumentation | undefined;
  /**
   * Calls a function with the span of a request that has just come in active: `scope.run`. Whoever keeps more than the active span
   * puts something in its place that leaves behind what was kept where the server was made.
   */
  runRequest: ScopeManager["run"];
  readonly traceAll: boolean;
  readonly traceClient: boolean;
  readonly traceMiddleware: boolean;
  readonly attributes: readonly AttributeTagger[];
  readonly startSpanCb: (span: Span, request: unknown) => void;
  /** The operation name, or undefined where the host's own shall be used. */
  readonly operationName: (request: unknown, unused: undefined) => string | undefined;
  readonly filter: (request: unknown, unused: undefined) => boolean;
  /** Whether the request's caller is not to be trusted. */
  readonly isPublic: (request: unknown, unused: undefined) => boolean;
  readonly redact: (url: string) => string;
  /** Whether trace headers may be sent to this URL. */
  readonly propagatesTo: (url: string, unused: undefined) => boolean;
  /** Whether `propagatesTo` is true for every URL. */
  readonly propagatesEverywhere: boolean;

  /**
   * To be called by whoever begins to trace by this policy, with what takes that back. Whoever holds the policy sees to it that
   * the last spans are sent when the process ends, and takes everything back at its close.
   */
  begun: (undo?: Undo) => void = nothing;

  /** `options` must have been checked with `HTTP_OPTION_CHECKS`. */
  constructor(tracer: Tracer | undefined, scope: ScopeManager, options: HttpOptions) {
    const { startSpanCb, operationName, filter, publicEndpoint = false } = options;
    this.tracer = tracer ?? globalTracer();
    this.scope = scope;
    this.others = scope.others;
    this.runRequest = scope.run.bind(scope) as ScopeManager["run"];
    this.traceAll = options.traceAll ?? true;
    this.traceClient = options.traceClient ?? true;
    this.traceMiddleware = options.traceMiddleware ?? false;
    this.startSpanCb = startSpanCb === undefined ? nothing : guard(startSpanCb, undefined, "startSpanCb");
    this.operationName =
      operationName === undefined ? nothing : guard(named(operationName), undefined, "operationName");
    this.filter = filter === undefined ? always : guard(decided(filter), true, "filter");
    this.isPublic =
      typeof publicEndpoint === "function"
        ? guard(answering(publicEndpoint), true, "publicEndpoint")
        : () => publicEndpoint;
    this.redact = redactor(options.redactedParameters ?? DEFAULT_REDACTED);
    this.attributes = attributeTaggers(options.tracedAttributes ?? [], this.redact);
    this.propagatesTo = targetFilter(options.propagateTo);
    this.propagatesEverywhere = options.propagateTo === undefined;
  }
}

function nothing(): undefined {}

function always(): boolean {
  return true;
}

function named(operationName: (request: unknown) => unknown): (request: unknown) => string | undefined {
  return function nameOf(request) {
    const name = operationName(request);
    if (name === undefined || (typeof name === "string" && name !== "")) return name;
    return refused(name, "a text that is not empty");
  };
}

function decided(filter: (request: unknown) => unknown): (request: unknown) => boolean {
  return function decide(request) {
    const answer = filter(request);
    return isThenable(answer) ? refused(answer, "true or false") : Boolean(answer);
  };
}

/** For what a callback should not answer: a promise, mostly, which nobody will wait for. */
function refused(answer: unknown, expected: string): never {
  if (isThenable(answer)) answer.then(undefined, nothing);
  throw new TypeError(`it must answer ${expected}, not ${isThenable(answer) ? "a promise" : show(answer)}`);
}

function targetFilter(targets: HttpOptions["propagateTo"]): (url: string, unused: undefined) => boolean {
  if (targets === undefined) return always;
  // Better to lose a trace than to send a header where it must not go.
  if (typeof targets === "function") return guard(answering(targets), false, "propagateTo");
  return (url) =>
    targets.some((target) => (typeof target === "string" ? isBelow(url, target) : url.search(target) >= 0));
}

/** For questions of trust: a forgotten `return` must not be an answer. */
function answering<A>(callback: (about: A) => unknown): (about: A) => boolean {
  return function answer(about) {
    const given = callback(about);
    return typeof given === "boolean" ? given : refused(given, "true or false");
  };
}

/** Whether `url` is `target` or something below it, on the same host and port. */
function isBelow(url: string, target: string): boolean {
  if (!url.startsWith(target)) return false;
  if (target.endsWith("/")) return true;
  const next = url[target.length];
  return next === undefined || next === "/" || next === "?" || next === "#";
}

function isTargetList(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string" || item instanceof RegExp)
    ? undefined
    : "an array of URL beginnings and regular expressions";
}

/** Whether it is a Tracing object, which another copy of this package may have made. */
export function isOfTracing<T extends { readonly http: HttpTracing }>(value: unknown): value is T {
  return typeof (value as { http?: { redact?: unknown } } | null | undefined)?.http?.redact === "function";
}
