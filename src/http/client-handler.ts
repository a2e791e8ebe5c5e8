// Turns one outgoing request into one span. Knows nothing of Node or any client library.

import { FORMAT_HTTP_HEADERS, type Span } from "opentracing";
import { count, warn } from "../diagnostics.ts";
import { isHeaderName, isHeaderValue } from "../header.ts";
import type { OtherInstrumentation } from "../scope/scope-manager.ts";
import { COMPONENT, ERROR, HTTP_METHOD, HTTP_RESEND_COUNT, HTTP_STATUS_CODE, HTTP_URL, SPAN_KIND } from "../tags.ts";
import { type Failure, recordError, recordFailure } from "./failure.ts";
import type { HttpTracing } from "./http-tracing.ts";
import { startSpan } from "./start-span.ts";

/** An outgoing request as `filter`, `operationName` and `startSpanCb` get it: one shape for every client. */
export interface OutgoingRequest {
  /** The `component` tag: `node:http`, `fetch`, `undici`. */
  readonly component: string;
  /** As it is sent: in upper case, unless it is none that the client makes so. */
  readonly method: string;
  /** The whole URL as asked for, secrets included. The tag `http.url` has it redacted. */
  readonly url: string;
  /** What the caller or the library handed over: node:http's options, fetch's input, undici's request. */
  readonly source: unknown;
}

/** What a client span is given at its start. */
interface ClientTags extends Record<string, unknown> {
  [COMPONENT]: string;
  [SPAN_KIND]: "client";
  [HTTP_METHOD]: string;
  [HTTP_URL]: string;
}

/**
 * The life of an outgoing request, in the order of its calls:
 *
 *     const span = handler.sending(request, parent);      // start, tag, startSpanCb
 *     handler.maySend(url) && handler.headers(span);      // what to send along, asked for each hop
 *     handler.resent(span, 1, "redirect", 302, nextUrl);  // for each further hop
 *     handler.failed(span, error);                        // only if it failed
 *     handler.finish(span, 200);                          // status, finish: once
 *
 * None of them throws, whatever the tracer does.
 */
export class ClientHandler {
  readonly #http: HttpTracing;

  constructor(http: HttpTracing) {
    this.#http = http;
  }

  /** The active span of the running call chain. */
  active(): Span | undefined {
    try {
      return this.#http.scope.active();
    } catch (error) {
      warn("scope.misuse", "the scope manager threw; the request has no parent", error);
      return undefined;
    }
  }

  /** Starts a child of `parent`, or answers undefined where the filter leaves the request alone. */
  sending(request: OutgoingRequest, parent: Span | undefined): Span | undefined {
    const http = this.#http;
    if (!http.traceClient || !http.filter(request, undefined)) return undefined;
    let span: Span;
    try {
      // Written out, not computed from the constants: V8 makes such a literal in one go (see RATIONALE.md, "Cost").
      const tags: ClientTags = {
        component: request.component,
        "span.kind": "client",
        "http.method": request.method,
        "http.url": http.redact(request.url),
      };
      span = startSpan(http.tracer, http.operationName(request, undefined) ?? request.method, parent, tags);
    } catch (error) {
      warn("tracer.error", "the tracer failed to start a span; the request is sent untraced", error);
      return undefined;
    }
    http.startSpanCb(span, request);
    return span;
  }

  /** Others that may trace the same requests: see `OtherInstrumentation`. */
  get others(): OtherInstrumentation | undefined {
    return this.#http.others;
  }

  /** Whether `propagateTo` sets no limits. */
  get sendsEverywhere(): boolean {
    return this.#http.propagatesEverywhere;
  }

  /** Whether trace headers may be sent to `url`. */
  maySend(url: string): boolean {
    return this.#http.propagatesTo(url, undefined);
  }

  /** The trace headers, names in lower case; none where the tracer fails. Ask `maySend` first. */
  headers(span: Span): Record<string, string> {
    const carrier: Record<string, unknown> = {};
    try {
      this.#http.tracer.inject(span.context(), FORMAT_HTTP_HEADERS, carrier);
      return sendable(carrier);
    } catch (error) {
      warn("tracer.error", "the tracer failed to write headers; the request goes out without them", error);
      return {};
    }
  }

  /**
   * Records that the request is sent once more.
   *
   * @param resends how many times it has been sent again by now
   * @param status of the answer that caused it, undefined where there was none
   * @param url where it goes now
   */
  resent(span: Span, resends: number, event: "redirect" | "retry", status: number | undefined, url: string): void {
    try {
      span.setTag(HTTP_RESEND_COUNT, resends);
      const hop = { event, [HTTP_URL]: this.#http.redact(url), [HTTP_RESEND_COUNT]: resends };
      span.log(status === undefined ? hop : { ...hop, [HTTP_STATUS_CODE]: status });
    } catch (error) {
      tracerThrew(error);
    }
  }

  /** Records why there is no response, or not all of it. What an error tells of a URL is redacted in a copy of it. */
  failed(span: Span, error: unknown): void {
    try {
      recordError(span, error, this.#http.redact);
    } catch (tracerError) {
      tracerThrew(tracerError);
    }
  }

  /** The same without an error object. */
  cut(span: Span, failure: Failure): void {
    try {
      recordFailure(span, failure, this.#http.redact);
    } catch (error) {
      tracerThrew(error);
    }
  }

  /** Records something that is no failure. */
  noted(span: Span, event: string, message: string): void {
    try {
      span.log({ event, message });
    } catch (error) {
      tracerThrew(error);
    }
  }

  /**
   * Records the status, where a response came, and finishes the span. 500 and above is an error, 400 to 499 is not.
   *
   * @param endTime in milliseconds since 1970, now by default
   */
  finish(span: Span, statusCode: number | undefined, endTime?: number): void {
    try {
      if (statusCode !== undefined) {
        span.setTag(HTTP_STATUS_CODE, statusCode);
        if (statusCode >= 500) span.setTag(ERROR, true);
      }
      span.finish(endTime);
    } catch (error) {
      tracerThrew(error);
    }
  }
}

/** Only what may stand in a request: a name or value that is no header would make the caller's request fail. */
function sendable(carrier: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in carrier) {
    const value = String(carrier[name]);
    if (isHeaderName(name) && isHeaderValue(value)) headers[name.toLowerCase()] = value;
    else count("propagation.invalid");
  }
  return headers;
}

function tracerThrew(error: unknown): void {
  warn("tracer.error", "the tracer threw while a client span was completed", error);
}
