// Decorated handlers: `tracing.trace("url")(handler)` and `@tracing.trace("url")` trace one handler, with nothing patched.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { types } from "node:util";
import type { Span } from "opentracing";
import { copyMetadata } from "../copy-metadata.ts";
import { followPromise, isPlainPromise } from "../follow-promise.ts";
import { type AttributeTagger, attributeTaggers } from "../http/attributes.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { ServerHandler } from "../http/server-handler.ts";
import { show } from "../settings.ts";
import { requestEnded } from "./frameworks.ts";
import { isServerStream, StreamRequest } from "./http2/request.ts";
import { runListenersInSpan } from "./message-events.ts";
import { TracedHost } from "./node-http.ts";
import { isResponse, type Owner, rawOf, TracedRequest, tracedBy, tracedIn, tracedOf, watch } from "./traced-request.ts";

// biome-ignore lint/suspicious/noExplicitAny: any function can be a handler, and keeps its own type
export type AnyFunction = (...args: any[]) => any;

/** What `tracing.trace(...)` answers: a wrapper of functions, and a decorator of methods in both dialects. */
export interface TraceDecorator {
  /** Decorates a method (TypeScript's `experimentalDecorators`). */
  <F extends AnyFunction>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<F>): void;
  /** Decorates a method (the standard decorators). */
  <This, F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext<This, F>): F;
  /** Wraps a function. It keeps its type, `this`, name and length. */
  <F extends AnyFunction>(handler: F): F;
}

/**
 * Makes the decorator for one Tracing object. `names` are properties of the request to copy to tags, each as an argument
 * or all in one array. Throws a TypeError where they are not.
 *
 * The span of a handler that was given a ServerResponse lasts until the handler has settled and the response is closed, or
 * is cut; of any other function until what it returned has settled. One that never settles behind a whole response has no span.
 * A request that has a span already gets no second one, but the attributes and the errors are recorded on it.
 *
 * What a handler returns is returned, what it throws is thrown. For a promise, one that settles in the same way is
 * returned. Objects that merely have a `then`, and promises with a `then` of their own, are left alone, for calling that may
 * start their work.
 */
export function traceDecorator(tracing: HttpTracing, names: readonly unknown[]): TraceDecorator {
  const attributes = attributeTaggers(checkedNames(names), tracing.redact);
  const shared: Decoration = { host: new TracedHost(tracing), attributes };
  return decorator((fn) => traced(shared, fn));
}

/**
 * Makes a decorator of what wraps one function. What it wraps keeps its name, length and metadata, for Express reads the
 * length, and NestJS the metadata.
 */
export function decorator(wrap: (fn: AnyFunction) => AnyFunction): TraceDecorator {
  function wrapped(fn: AnyFunction): AnyFunction {
    const wrapper = wrap(fn);
    copyMetadata(fn, wrapper);
    return wrapper;
  }

  function decorate(target: unknown, context?: unknown, descriptor?: { value?: unknown }): unknown {
    if (typeof descriptor?.value === "function") {
      descriptor.value = wrapped(descriptor.value as AnyFunction);
      return undefined;
    }
    const kind = (context as { kind?: unknown } | undefined)?.kind ?? (isClass(target) ? "class" : undefined);
    if (typeof target === "function" && descriptor === undefined && (kind === undefined || kind === "method")) {
      return wrapped(target as AnyFunction);
    }
    throw new TypeError(
      `tracing.trace(...) decorates methods and wraps functions, not ${kind === undefined ? show(target) : `a ${String(kind)}`}; ` +
        'write server.on("request", tracing.trace()(handler)), or @tracing.trace() in front of a method',
    );
  }
  return decorate as TraceDecorator;
}

/** Whether it can be called by `new` alone. TypeScript's older decorators say of nothing what it is. */
function isClass(target: unknown): boolean {
  return typeof target === "function" && Object.getOwnPropertyDescriptor(target, "prototype")?.writable === false;
}

interface Decoration {
  readonly host: TracedHost;
  readonly attributes: readonly AttributeTagger[];
}

function checkedNames(names: readonly unknown[]): readonly string[] {
  const list: readonly unknown[] = names.length === 1 && Array.isArray(names[0]) ? names[0] : names;
  if (typeof names[0] === "function") {
    throw new TypeError(
      "tracing.trace(...names) takes names of request properties first; write tracing.trace()(handler), or @tracing.trace()",
    );
  }
  for (const name of list) {
    if (typeof name !== "string" || name === "") {
      throw new TypeError(
        `tracing.trace(...names) takes names of request properties, not ${show(name)}; ` +
          'write tracing.trace("method", "headers.user-agent"), or all in one array, or none',
      );
    }
  }
  return list as readonly string[];
}

function traced(decoration: Decoration, fn: AnyFunction): AnyFunction {
  return function tracedHandler(this: unknown, ...args: unknown[]): unknown {
    const request = requestIn(args) ?? streamRequest(args);
    const known = tracedIn(request);
    if (known !== undefined) return joined(decoration, known, request!, fn, this, args);
    const response = request && responseIn(args);
    const answered = response && tracedBy(response, request!);
    if (answered !== undefined) return joined(decoration, answered, request!, fn, this, args);
    return begun(decoration, request, response, fn, this, args);
  };
}

/** Somebody else saw to the request's span: adds to it what only this handler knows. */
function joined(
  { host, attributes }: Decoration,
  known: TracedRequest,
  request: IncomingMessage,
  fn: AnyFunction,
  self: unknown,
  args: unknown[],
): unknown {
  const { handler, tracing } = host;
  handler.tag(known.span, request, attributes);
  const failed = (error: unknown): void => known.failed(error);
  // A child of the request's span may be active on purpose; nothing active means that the way here lost it.
  if (tracing.scope.active() !== undefined) return called(fn, self, args, nothing, failed);
  return tracing.scope.run(known.span, called, fn, self, args, nothing, failed);
}

function begun(
  { host, attributes }: Decoration,
  request: IncomingMessage | undefined,
  response: ServerResponse | undefined,
  fn: AnyFunction,
  self: unknown,
  args: unknown[],
): unknown {
  // Without a request it is any function: it is read as one that has nothing but a name.
  const raw = request === undefined ? undefined : (rawOf(request).find(isRequest) ?? request);
  const handler = raw === undefined ? host.handler : host.handlerOf(raw);
  const span =
    raw === undefined
      ? handler.called(fn.name || "anonymous", args[0], attributes)
      : handler.received(raw, attributes, request);
  if (span === undefined) return Reflect.apply(fn, self, args);
  const call = new TracedCall(handler, span);
  if (raw !== undefined) call.serve(raw, response);

  const settled = (): void => call.settle();
  const failed = (error: unknown): void => call.fail(error);
  return host.tracing.scope.run(span, called, fn, self, args, settled, failed);
}

/** Calls the handler, and tells how it went once that is known. */
export function called(
  fn: AnyFunction,
  self: unknown,
  args: unknown[],
  settled: () => void,
  failed: (error: unknown) => void,
): unknown {
  let result: unknown;
  try {
    result = Reflect.apply(fn, self, args);
  } catch (error) {
    failed(error);
    throw error;
  }
  // A promise of another realm is none of our class; one of ours with a `then` of its own may be lazy.
  if (!types.isPromise(result) || (result instanceof Promise && !isPlainPromise(result))) {
    settled();
    return result;
  }
  return followPromise(result, settled, failed);
}

/** A decorated call until both its handler and its response are done. */
class TracedCall implements Owner {
  readonly #handler: ServerHandler<IncomingMessage>;
  readonly #span: Span;
  #traced: TracedRequest | undefined;
  #isSettled = false;
  #isFinished = false;
  /** Whether there is no response to wait for, or none any more. */
  #isClosed = true;
  #statusCode: number | undefined;

  constructor(handler: ServerHandler<IncomingMessage>, span: Span) {
    this.#handler = handler;
    this.#span = span;
  }

  /** Says which request the call is about, and which response to wait for, if any. */
  serve(request: IncomingMessage, response: ServerResponse | undefined): void {
    if (response === undefined) {
      this.#traced = new TracedRequest(this.#handler, this.#span, request, undefined);
    } else {
      this.#isClosed = false;
      this.#traced = watch(this.#handler, this.#span, request, response, this);
      runListenersInSpan(request, response);
    }
  }

  settle(): void {
    this.#isSettled = true;
    if (this.#isClosed) this.#finish(undefined);
  }

  fail(error: unknown): void {
    if (this.#traced === undefined) this.#handler.failed(this.#span, error);
    else this.#traced.failed(error);
    this.settle();
  }

  ended(traced: TracedRequest, statusCode: number | undefined, failure: Failure | undefined): void {
    this.#traced = traced; // where it has ended already, `serve` does not know it yet
    this.#isClosed = true;
    this.#statusCode = statusCode;
    if (traced.routed === undefined) requestEnded(traced.request as IncomingMessage);
    // A handler that goes on after the client has left is no longer about this request.
    if (this.#isSettled || failure !== undefined) this.#finish(failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (this.#traced === undefined) this.#handler.sent(this.#span, undefined, failure);
    else this.#traced.sent(this.#statusCode, failure);
  }
}

/** The request that a handler was given, be it inside a framework's context, as its attributes are to be read. */
function requestIn(args: unknown[]): IncomingMessage | undefined {
  const found = args.find(isRequest) ?? args.flatMap(rawOf).find(isRequest);
  // What has the web's Headers, as h3's event, does not let them be read by name: Node's request does.
  if (typeof found?.headers["get"] !== "function") return found;
  return rawOf(found).find(isRequest) ?? found;
}

/** Node's own requests, and whatever looks like them: HTTP/2's, frameworks', those of test libraries. */
function isRequest(value: unknown): value is IncomingMessage {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { method, headers } = value as { method?: unknown; headers?: unknown };
    return typeof method === "string" && typeof headers === "object" && headers !== null;
  } catch {
    return false; // a getter or a proxy of the application that does not like to be looked at
  }
}

/** For a listener of an HTTP/2 server's streams, which are given with their headers: what stands for the request. */
function streamRequest([stream, headers]: readonly unknown[]): IncomingMessage | undefined {
  if (!isServerStream(stream) || typeof headers !== "object" || headers === null) return undefined;
  return (tracedOf(stream)?.request ?? new StreamRequest(stream, headers as IncomingHttpHeaders)) as IncomingMessage;
}

/** The response, or the stream that is in its place. */
function responseIn(args: readonly unknown[]): ServerResponse | undefined {
  const response = args.flatMap((arg) => [...rawOf(arg), arg]).find(isResponse);
  return response ?? (args.find(isServerStream) as object as ServerResponse | undefined);
}

function nothing(): void {}
