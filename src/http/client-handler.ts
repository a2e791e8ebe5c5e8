// Turns one outgoing request into one span. Knows nothing of Node or any client library.

import { FORMAT_HTTP_HEADERS, type Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import { COMPONENT, ERROR, HTTP_METHOD, HTTP_STATUS_CODE, HTTP_URL, SPAN_KIND } from "../tags.ts";
import { type Failure, recordError, recordFailure } from "./failure.ts";
import type { HttpTracing } from "./http-tracing.ts";

/** How a client's requests are read. One object a client library. */
export interface ClientAdapter<Request> {
  /** The `component` tag: `node:http`, `fetch`, `undici`. */
  readonly component: string;
  method(request: Request): string;
  /** The whole URL, credentials and all: the handler redacts it. */
  url(request: Request): string;
}

/**
 * The life of an outgoing request, in the order of its calls:
 *
 *     const span = handler.sending(request);           // start, tag, startSpanCb
 *     const headers = handler.headers(span, url);      // what to send along
 *     handler.received(span, 200);                     // the status, once headers arrive
 *     handler.failed(span, error);                     // only if it failed
 *     handler.finish(span);                            // once
 *
 * None of them throws, whatever the tracer does.
 */
export class ClientHandler<Request> {
  readonly #http: HttpTracing;
  readonly #adapter: ClientAdapter<Request>;

  constructor(http: HttpTracing, adapter: ClientAdapter<Request>) {
    this.#http = http;
    this.#adapter = adapter;
  }

  /** Starts a child of the active span, or answers undefined where the filter leaves the request alone. */
  sending(request: Request): Span | undefined {
    const http = this.#http;
    const adapter = this.#adapter;
    if (!http.traceClient || !http.filter(request, undefined)) return undefined;
    try {
      const method = adapter.method(request);
      const span = http.tracer.startSpan(http.operationName(request, undefined) ?? method, {
        childOf: http.scope.active(),
        tags: {
          [COMPONENT]: adapter.component,
          [SPAN_KIND]: "client",
          [HTTP_METHOD]: method,
          [HTTP_URL]: http.redact(adapter.url(request)),
        },
      });
      http.startSpanCb(span, request);
      return span;
    } catch (error) {
      warn("tracer.error", "the tracer threw while starting a span; the request is sent untraced", error);
      return undefined;
    }
  }

  /** The trace headers to send to `url`; none where `propagateTo` keeps them back. */
  headers(span: Span, url: string): Record<string, string> {
    const headers: Record<string, string> = {};
    if (!this.#http.propagatesTo(url, undefined)) return headers;
    try {
      this.#http.tracer.inject(span.context(), FORMAT_HTTP_HEADERS, headers);
    } catch (error) {
      warn("tracer.error", "the tracer threw while writing headers; the request goes out without them", error);
    }
    return headers;
  }

  /** Records the status of the response. 500 and above is an error, 400 to 499 is not. */
  received(span: Span, statusCode: number): void {
    this.#guarded(() => {
      span.setTag(HTTP_STATUS_CODE, statusCode);
      if (statusCode >= 500) span.setTag(ERROR, true);
    });
  }

  /** Records why there is no response, or not all of it. */
  failed(span: Span, error: unknown): void {
    this.#guarded(() => recordError(span, error));
  }

  /** The same without an error object. */
  cut(span: Span, failure: Failure): void {
    this.#guarded(() => recordFailure(span, failure));
  }

  /** Finishes the span; `endTime` is in milliseconds since 1970, now by default. */
  finish(span: Span, endTime?: number): void {
    this.#guarded(() => span.finish(endTime));
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      warn("tracer.error", "the tracer threw while a client span was completed", error);
    }
  }
}
