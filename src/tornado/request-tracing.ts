// Traces the requests of Tornado-style handlers: one span each, named like the handler's class.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import type { Server } from "../hosts/server-notes.ts";
import { type Emit, seeNothing } from "../hosts/server-watch.ts";
import { type Owner, setRoute, type TracedRequest, watch } from "../hosts/traced-request.ts";
import { upgraded } from "../hosts/upgrade.ts";
import type { AttributeTagger } from "../http/attributes.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { redactedError } from "../http/redacted-error.ts";
import { type ServerAdapter, ServerHandler } from "../http/server-handler.ts";
import { markFailed } from "../mark-failed.ts";
import { answeredWith } from "./error-status.ts";
import { Finish } from "./finish.ts";
import type { HTTPServerRequest } from "./http-server-request.ts";

const TORNADO: ServerAdapter<HTTPServerRequest> = {
  component: "tornado",
  method: (request) => request.method,
  url: (request) => request.uri,
  headers: (request) => request.headers,
  name: ({ routed, method }) => routed.name ?? method,
};

/** An upgrade reaches no handler: its span is named after the method. */
const UPGRADE: ServerAdapter<IncomingMessage> = {
  component: "tornado",
  method: (request) => request.method ?? "GET",
  url: (request) => request.url ?? "/",
  headers: (request) => request.headers,
};

/** Starts and joins the spans of requests under one policy. */
export class RequestTracing {
  readonly http: HttpTracing;
  readonly #handler: ServerHandler<HTTPServerRequest>;
  readonly #upgrades: ServerHandler<IncomingMessage>;

  constructor(http: HttpTracing) {
    this.http = http;
    this.#handler = new ServerHandler(http, TORNADO);
    this.#upgrades = new ServerHandler(http, UPGRADE);
  }

  /**
   * Starts the request's span, which ends with the response, and not before `settle` where `isSettled` is false. Undefined
   * where the request is not to be traced.
   */
  begin(
    request: HTTPServerRequest,
    attributes: readonly AttributeTagger[],
    isSettled: boolean,
  ): RequestSpan | undefined {
    const span = this.#handler.received(request, attributes);
    if (span === undefined) return undefined;
    const { req, res } = request;
    const own = new RequestSpan(span, res, this.http, { handler: this.#handler, isSettled });
    request.traced = own;
    watch(this.#handler as unknown as ServerHandler<IncomingMessage>, span, req, res, own);
    return own;
  }

  /** Tells the span that somebody else started for the request, and will end, which handler serves it. */
  join(request: HTTPServerRequest, span: Span): void {
    request.traced = new RequestSpan(span, request.res, this.http, undefined);
    setRoute(request.req, request.routed);
  }

  /** Emits an upgrade in a span that lasts as long as its connection. */
  upgrade(server: Server, emit: Emit, args: IArguments, request: IncomingMessage, socket: Socket): boolean {
    const span = upgraded(this.#upgrades, request, socket);
    try {
      return this.http.scope.run(span, seeNothing, server, emit, args);
    } catch (error) {
      if (span !== undefined) this.#upgrades.failed(span, error);
      throw error;
    }
  }

  /** Copies attributes of the request to its span. */
  tag(request: HTTPServerRequest, span: Span, attributes: readonly AttributeTagger[]): void {
    this.#handler.tag(span, request, attributes);
  }
}

/** What is known of a span that was started here. */
interface Owned {
  readonly handler: ServerHandler<HTTPServerRequest>;
  /** Whether the span waits for nothing but the response. */
  isSettled: boolean;
}

/** The span of a request that a handler serves. */
export class RequestSpan implements Owner {
  readonly span: Span;
  readonly #response: ServerResponse;
  readonly #http: HttpTracing;
  readonly #owned: Owned | undefined;
  #isFailed = false;
  #end: { readonly statusCode: number | undefined } | undefined;
  #isFinished = false;

  /** `owned` is undefined where the span was started elsewhere, and is ended there. */
  constructor(span: Span, response: ServerResponse, http: HttpTracing, owned: Owned | undefined) {
    this.span = span;
    this.#response = response;
    this.#http = http;
    this.#owned = owned;
  }

  /** Calls a function with the span active. */
  run(fn: () => void): void {
    this.#http.scope.run(this.span, fn);
  }

  /** Records what a handler threw, the first time, if it is a failure of the server: answered with 500 to 599. */
  failed(error: unknown): void {
    if (error instanceof Finish) return;
    const statusCode = answeredWith(error);
    if (statusCode < 500 || statusCode > 599 || this.#isFailed || this.#isFinished) return;
    if (this.#owned === undefined && this.#response.destroyed) return;
    this.#isFailed = true;
    try {
      markFailed(this.span, redactedError(error, this.#http.redact));
    } catch (tracerError) {
      warn("tracer.error", "the tracer threw while recording an error", tracerError);
    }
  }

  /** The decorated method is done. */
  settle(): void {
    this.#owned!.isSettled = true;
    if (this.#end !== undefined) this.#finish(undefined);
  }

  ended(_traced: TracedRequest, statusCode: number | undefined, failure: Failure | undefined): void {
    this.#end = { statusCode };
    // A method that goes on after the client has left is no longer about this request.
    if (this.#owned!.isSettled || failure !== undefined) this.#finish(failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    // What a handler threw is the reason, the cut its consequence.
    const isToldBefore = this.#isFailed && failure?.kind === "response_cut";
    this.#owned!.handler.sent(this.span, this.#end!.statusCode, isToldBefore ? undefined : failure);
  }
}
