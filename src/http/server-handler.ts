// Turns one served request into one span. Knows nothing of Node or any framework.

import { FORMAT_HTTP_HEADERS, type Span, type SpanContext } from "opentracing";
import { warn } from "../diagnostics.ts";
import { namesAreLowerCase } from "../propagation/carrier.ts";
import {
  COMPONENT,
  ERROR,
  HTTP_HOST,
  HTTP_METHOD,
  HTTP_ROUTE,
  HTTP_SCHEME,
  HTTP_STATUS_CODE,
  HTTP_URL,
  SPAN_KIND,
} from "../tags.ts";
import type { AttributeTagger } from "./attributes.ts";
import { type Failure, recordError, recordFailure, recordServerError } from "./failure.ts";
import type { HttpTracing } from "./http-tracing.ts";
import { isNamed, keepName, noteName } from "./span-name.ts";
import { startSpan } from "./start-span.ts";
import { linkToCaller } from "./untrusted-caller.ts";

/** How a host's requests are read. One object a host, so that a request costs no wrapper. */
export interface ServerAdapter<Request> {
  /** The `component` tag: `node:http`. */
  readonly component: string;
  method(request: Request): string;
  /** Path and query, as requested. */
  url(request: Request): string;
  /** Without it, neither scheme nor host become tags. */
  scheme?(request: Request): string;
  /** The `http.host` tag. The Host header without it. */
  host?(request: Request): string | undefined;
  /** Header names in lower case. */
  headers(request: Request): Record<string, string | string[] | undefined>;
  /** What a method is called in operation names: clients may send any. */
  nameOfMethod?(method: string): string;
  /** The operation name. The method without it. */
  name?(request: Request): string;
}

/** What a server span is given at its start. */
interface ServerTags extends Record<string, unknown> {
  [COMPONENT]: string;
  [SPAN_KIND]: "server";
  [HTTP_METHOD]: string;
  [HTTP_URL]: string;
  [HTTP_SCHEME]?: string;
  [HTTP_HOST]?: string | string[];
}

/** Which framework serves a request, and by which of its routes. One object a route, which all its requests share. */
export interface Routed {
  /** The `component` tag: `express`. */
  readonly component: string;
  /** The whole pattern, mount paths included: `/orgs/:org/orders/:id`. Undefined where no route answers. */
  readonly route: string | undefined;
  /** The operation name, where that is not method and route. */
  readonly name?: string | undefined;
}

/**
 * The life of a served request, in the order of its calls:
 *
 *     const span = handler.received(request);          // extract, start, tag, startSpanCb
 *     scope.run(span, () => listener(request));        // the host runs the application
 *     handler.failed(span, error);                     // only if the application threw
 *     handler.routed(span, "GET", routed);             // only if a framework told its route
 *     handler.sent(span, 200, undefined);              // status, failure, finish: once
 *
 * None of them throws, whatever the tracer does.
 */
export class ServerHandler<Request> {
  readonly #http: HttpTracing;
  readonly #adapter: ServerAdapter<Request>;

  constructor(http: HttpTracing, adapter: ServerAdapter<Request>) {
    this.#http = http;
    this.#adapter = adapter;
  }

  /** The policy. */
  get tracing(): HttpTracing {
    return this.#http;
  }

  /** The request's method, as its span's name has it. */
  method(request: Request): string {
    const method = this.#adapter.method(request);
    return this.#adapter.nameOfMethod?.(method) ?? method;
  }

  /**
   * Starts the span, or answers undefined where the filter leaves the request alone. `shown` is what attributes are read from:
   * a framework's own request.
   */
  received(
    request: Request,
    attributes: readonly AttributeTagger[] = this.#http.attributes,
    shown: Request = request,
  ): Span | undefined {
    const http = this.#http;
    if (!http.filter(request, undefined)) return undefined;
    const span = this.#start(request);
    if (span === undefined) return undefined;
    this.tag(span, shown, attributes);
    http.startSpanCb(span, request);
    return span;
  }

  /**
   * The same for a function that was given no request: a child of the active span, named like the function, without tags
   * of HTTP. `argument` is what its attributes are read from.
   */
  called(name: string, argument: unknown, attributes: readonly AttributeTagger[]): Span | undefined {
    const http = this.#http;
    let span: Span;
    try {
      span = startSpan(http.tracer, name, http.scope.active(), {});
    } catch (error) {
      warn("tracer.error", "the tracer failed to start a span; the function is called untraced", error);
      return undefined;
    }
    this.tag(span, argument as Request, attributes);
    http.startSpanCb(span, argument);
    return span;
  }

  /** Copies attributes of a request to its span. */
  tag(span: Span, request: Request, attributes: readonly AttributeTagger[]): void {
    for (let i = 0; i < attributes.length; i++) {
      try {
        attributes[i]!(span, request);
      } catch (error) {
        warn("callback.error", "a traced attribute could not be read; the request is traced without it", error);
      }
    }
  }

  /** Sets a tag that only the host knows of, where it has a value. */
  tagged(span: Span, name: string, value: unknown): void {
    if (value === undefined || value === "") return;
    try {
      span.setTag(name, value);
    } catch (error) {
      warn("tracer.error", "the tracer threw while a tag was set", error);
    }
  }

  /**
   * Records what the application threw, unless it says that the client was at fault.
   *
   * @param statusCode of the answer, where there is one: at 500 and above the client was not
   */
  failed(span: Span, error: unknown, statusCode?: number): void {
    try {
      const record = statusCode !== undefined && statusCode >= 500 ? recordError : recordServerError;
      record(span, error, this.#http.redact);
    } catch (tracerError) {
      warn("tracer.error", "the tracer threw while recording an error", tracerError);
    }
  }

  /**
   * Records which route served the request, and names the span after it: `GET /orders/:id`. A name that the user gave, be it by
   * `operationName`, `startSpanCb` or `setOperationName`, is kept.
   *
   * @param method with which the request came
   */
  routed(span: Span, method: string, { component, route, name }: Routed): void {
    try {
      span.setTag(COMPONENT, component);
      if (route !== undefined) span.setTag(HTTP_ROUTE, route);
      else if (name === undefined) return;
      if (!isNamed(span, method)) span.setOperationName(name ?? `${method} ${route}`);
    } catch (error) {
      warn("tracer.error", "the tracer threw while a route was recorded", error);
    }
  }

  /**
   * Records how the response ended, and finishes the span. Call it once.
   *
   * @param statusCode undefined where no status was sent
   * @param failure why the response is not whole, undefined where it is
   */
  sent(span: Span, statusCode: number | undefined, failure: Failure | undefined): void {
    try {
      if (statusCode !== undefined) {
        span.setTag(HTTP_STATUS_CODE, statusCode);
        if (statusCode >= 500) span.setTag(ERROR, true);
      }
      if (failure !== undefined) recordFailure(span, failure, this.#http.redact);
    } catch (error) {
      warn("tracer.error", "the tracer threw while a response was recorded", error);
    }
    try {
      span.finish();
    } catch (error) {
      warn("tracer.error", "the tracer threw while finishing a span", error);
    }
  }

  #start(request: Request): Span | undefined {
    const http = this.#http;
    const adapter = this.#adapter;
    try {
      const method = adapter.method(request);
      const headers = adapter.headers(request);
      // Written out, not computed from the constants: V8 makes such a literal in one go (see RATIONALE.md, "Cost").
      const tags: ServerTags = {
        component: adapter.component,
        "span.kind": "server",
        "http.method": method,
        "http.url": http.redact(adapter.url(request)),
      };
      if (adapter.scheme !== undefined) {
        tags[HTTP_SCHEME] = adapter.scheme(request);
        const host = adapter.host === undefined ? headers["host"] : adapter.host(request);
        if (host !== undefined && host !== "") tags[HTTP_HOST] = host;
      }
      const name = http.operationName(request, undefined);
      const own = adapter.name?.(request) ?? adapter.nameOfMethod?.(method) ?? method;
      const caller = this.#caller(headers);
      const isPublic = caller !== undefined && http.isPublic(request, undefined);
      const links = isPublic ? linkToCaller(http.tracer, caller, tags) : undefined;
      const span = startSpan(http.tracer, name ?? own, isPublic ? undefined : caller, tags, links);
      if (name === undefined) noteName(span);
      else keepName(span);
      return span;
    } catch (error) {
      warn("tracer.error", "the tracer failed to start a span; the request is served untraced", error);
      return undefined;
    }
  }

  #caller(headers: Record<string, string | string[] | undefined>): SpanContext | undefined {
    // What stands for a request, in a test or on a platform without servers, may have its headers in any case.
    if (headers["host"] !== undefined || headers[":authority"] !== undefined) namesAreLowerCase(headers);
    try {
      return this.#http.tracer.extract(FORMAT_HTTP_HEADERS, headers) ?? undefined;
    } catch (error) {
      warn("tracer.error", "the tracer threw while reading headers; the span starts a new trace", error);
      return undefined;
    } finally {
      namesAreLowerCase(undefined);
    }
  }
}
