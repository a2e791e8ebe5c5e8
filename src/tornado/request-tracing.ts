// Traces the requests of Tornado-style handlers: one span each, named like the handler's class.

import type { ServerResponse } from "node:http";
import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import { type Owner, setSpan, watch } from "../hosts/request-span.ts";
import { failureOf, statusOf } from "../hosts/response-end.ts";
import type { AttributeTagger } from "../http/attributes.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { redactedError } from "../http/redacted-error.ts";
import { type ServerAdapter, ServerHandler } from "../http/server-handler.ts";
import { markFailed } from "../mark-failed.ts";
import { COMPONENT } from "../tags.ts";
import { HTTPError } from "./http-error.ts";
import type { HTTPServerRequest } from "./http-server-request.ts";
import { notesOf, type ServerNotes } from "./server-notes.ts";

const TORNADO: ServerAdapter<HTTPServerRequest> = {
  component: "tornado",
  method: (request) => request.method,
  url: (request) => request.uri,
  headers: (request) => request.headers,
  name: (request) => request.handlerName || request.method,
};

/** Starts and joins the spans of requests under one policy. */
export class RequestTracing {
  readonly http: HttpTracing;
  readonly #handler: ServerHandler<HTTPServerRequest>;

  constructor(http: HttpTracing) {
    this.http = http;
    this.#handler = new ServerHandler(http, TORNADO);
  }

  /**
   * Starts the request's span, which ends with the response, and not before `settle` where `isSettled` is false. Undefined
   * where the request is not to be traced.
   */
  begin(
    request: HTTPServerRequest,
    attributes: readonly AttributeTagger[],
    isSettled: boolean,
  ): TracedRequest | undefined {
    const span = this.#handler.received(request, attributes);
    if (span === undefined) return undefined;
    const traced = new TracedRequest(span, this.#handler, this.http, isSettled, notesOf(request.incoming));
    request.traced = traced;
    setSpan(request, span);
    watch(request.incoming, request.outgoing, span, traced);
    if (request.outgoing.destroyed) traced.ended(request.outgoing);
    return traced;
  }

  /** Takes over the name of a span that somebody else started for the request, and sees to its end. */
  join(request: HTTPServerRequest, span: Span): void {
    request.traced = new TracedRequest(span, this.#handler, this.http, true, undefined);
    setSpan(request, span);
    try {
      span.setOperationName(TORNADO.name!(request)).setTag(COMPONENT, TORNADO.component);
    } catch (error) {
      warn("tracer.error", "the tracer threw while a span was named", error);
    }
  }

  /** Copies attributes of the request to its span. */
  tag(request: HTTPServerRequest, span: Span, attributes: readonly AttributeTagger[]): void {
    this.#handler.tag(span, request, attributes);
  }
}

/** A request that has a span. */
export class TracedRequest implements Owner {
  readonly span: Span;
  readonly #handler: ServerHandler<HTTPServerRequest>;
  readonly #http: HttpTracing;
  readonly #notes: ServerNotes | undefined;
  #isSettled: boolean;
  #isClosed = false;
  #isFinished = false;
  #isFailed = false;
  #statusCode: number | undefined;

  constructor(
    span: Span,
    handler: ServerHandler<HTTPServerRequest>,
    http: HttpTracing,
    isSettled: boolean,
    notes: ServerNotes | undefined,
  ) {
    this.span = span;
    this.#handler = handler;
    this.#http = http;
    this.#isSettled = isSettled;
    this.#notes = notes;
  }

  /** Records what a handler threw, the first time; an HTTPError only if its status is one of 500 to 599. */
  failed(error: unknown): void {
    if (this.#isFailed || this.#isFinished) return;
    if (error instanceof HTTPError && !(error.statusCode >= 500 && error.statusCode <= 599)) return;
    this.#isFailed = true;
    try {
      markFailed(this.span, redactedError(error, this.#http.redact));
    } catch (tracerError) {
      warn("tracer.error", "the tracer threw while recording an error", tracerError);
    }
  }

  /** The decorated method is done. */
  settle(): void {
    this.#isSettled = true;
    if (this.#isClosed) this.#finish(undefined);
  }

  ended(response: ServerResponse): void {
    this.#isClosed = true;
    this.#statusCode = statusOf(response);
    const failure = failureOf(response, this.#notes?.closedAll ?? false);
    // A method that goes on after the client has left is no longer about this request.
    if (this.#isSettled || failure !== undefined) this.#finish(failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#handler.sent(this.span, this.#statusCode, failure);
  }
}
