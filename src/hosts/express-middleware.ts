// Spans for the middleware of an Express application, with `traceMiddleware`.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Span } from "opentracing";
import { warn } from "../diagnostics.ts";
import { recordError } from "../http/failure.ts";
import { startSpan } from "../http/start-span.ts";
import { listen } from "../listen.ts";
import { COMPONENT, MIDDLEWARE_TYPE } from "../tags.ts";
import type { TracedRequest } from "./traced-request.ts";

/** Express's `next`. */
export type Next = (error?: unknown) => unknown;
type Run = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown;

const TAGS = { [COMPONENT]: "express", [MIDDLEWARE_TYPE]: "middleware" };

/** The spans of one request's middleware. Each ends when `next` is called, or else with the response. */
export class MiddlewareSpans {
  readonly #traced: TracedRequest;
  readonly #open = new Set<Span>();

  constructor(traced: TracedRequest, response: ServerResponse) {
    this.#traced = traced;
    listen(response, "close", () => {
      for (const span of this.#open) this.#end(span, undefined);
    });
  }

  /** Calls the method of a layer that runs its middleware, in a span. What comes behind it runs in the request's span. */
  run(name: string, run: Run, layer: object, request: IncomingMessage, response: ServerResponse, next: Next): unknown {
    const { tracing, span: parent } = this.#traced;
    const span = this.#start(name);
    if (span === undefined) return run.call(layer, request, response, next);
    this.#open.add(span);
    const nextInRequest: Next = (...args) => {
      this.#end(span, args[0]);
      return tracing.scope.run(parent, next, ...args);
    };
    return tracing.scope.run(span, () => run.call(layer, request, response, nextInRequest));
  }

  #start(name: string): Span | undefined {
    const { tracing, span } = this.#traced;
    try {
      return startSpan(tracing.tracer, name, span, { ...TAGS });
    } catch (error) {
      warn("tracer.error", "the tracer failed to start a span; a middleware is called without one", error);
      return undefined;
    }
  }

  #end(span: Span, error: unknown): void {
    if (!this.#open.delete(span)) return;
    try {
      if (isError(error)) recordError(span, error, this.#traced.tracing.redact);
      span.finish();
    } catch (tracerError) {
      warn("tracer.error", "the tracer threw while a middleware's span was finished", tracerError);
    }
  }
}

/** Whether what `next` was called with is an error: the two words say where to go on. */
export function isError(error: unknown): boolean {
  return Boolean(error) && error !== "route" && error !== "router";
}
