// Spans for the middleware of an Express application, with `traceMiddleware`.

import type { ServerResponse } from "node:http";
import type { Span } from "opentracing";
import { failChild, finishChild, startChild } from "../child-span.ts";
import type { TracedRequest } from "../traced-request.ts";
import type { Layer } from "./pattern.ts";
import type { Request } from "./way.ts";

/** Express's `next`. */
export type Next = (error?: unknown) => unknown;

/** The method by which a layer serves a request. */
export type HandleRequest = (this: Layer, request: Request, response: ServerResponse, next: Next) => unknown;

/** What Express 4 mounts in front of everything, and our plug-in. */
const NOT_SPANNED = new Set<unknown>(["query", "expressInit", "traceExpress"]);

/** The spans of one request's middleware. Each ends when `next` is called, or else with the response. */
export class MiddlewareSpans {
  readonly #traced: TracedRequest;
  readonly #open = new Set<Span>();

  constructor(traced: TracedRequest, response: ServerResponse) {
    this.#traced = traced;
    traced.whenOver(response, () => {
      for (const span of this.#open) this.#end(span, undefined);
    });
  }

  /** Lets a layer serve the request, a middleware in a span. What comes behind it runs in the request's span. */
  run(layer: Layer, handleRequest: HandleRequest, request: Request, response: ServerResponse, next: Next): unknown {
    const span = isMiddleware(layer) ? this.#start(layer.handle.name || "middleware") : undefined;
    if (span === undefined) return handleRequest.call(layer, request, response, next);

    const { tracing, span: parent } = this.#traced;
    const nextInRequest: Next = (...args) => {
      this.#end(span, args[0]);
      return tracing.scope.run(parent, next, ...args);
    };
    return tracing.scope.run(span, () => handleRequest.call(layer, request, response, nextInRequest));
  }

  #start(name: string): Span | undefined {
    const span = startChild(this.#traced, "express", name, "middleware");
    if (span !== undefined) this.#open.add(span);
    return span;
  }

  #end(span: Span, error: unknown): void {
    if (!this.#open.delete(span)) return;
    if (isError(error)) failChild(span, error, this.#traced.tracing);
    finishChild(span);
  }
}

/** Those of four arguments wait for errors. */
function isMiddleware({ route, name, handle }: Layer): boolean {
  return route === undefined && handle.length < 4 && !NOT_SPANNED.has(name);
}

/** Whether what `next` was called with is an error: two words tell it where to go on. */
export function isError(error: unknown): boolean {
  return Boolean(error) && error !== "route" && error !== "router";
}
