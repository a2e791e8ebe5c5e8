// node-opentracing/express: Express 4 and 5 by their routes, with `initTracing()` alone or as a middleware of one application.

import type { IncomingMessage, ServerResponse } from "node:http";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { beginRequest } from "../servers.ts";
import { tracedOf } from "../traced-request.ts";
import { keepFollowing } from "./app.ts";
import { MiddlewareSpans } from "./middleware.ts";
import { followApp } from "./router.ts";
import { type Request, wayOf } from "./way.ts";

export type { PluginOptions } from "../plugin-options.ts";

/** A middleware of Express, for applications and for routers. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Traces what an application or a router of Express 4 or 5 serves. To be used in front of all others:
 *
 *     app.use(expressTracing({ tracing }));      // this application alone, by settings of its own
 *     app.use(expressTracing());                 // adds to the spans of initTracing() or traceServer(): not needed there
 *
 * A request that has a span keeps it. One that is not traced is passed on untouched.
 *
 * @throws TypeError where there is no such option, or its value is of the wrong kind
 */
export function expressTracing(options?: PluginOptions): ExpressMiddleware {
  checkPluginOptions("expressTracing", options);
  const http = options?.tracing?.http;
  const traceMiddleware = options?.traceMiddleware;
  keepFollowing();

  return function traceExpress(request, response, next) {
    const before = tracedOf(request);
    const begun = before === undefined && http !== undefined ? beginRequest(http, request, response) : undefined;
    const traced = tracedOf(request);
    if (traced === undefined) return http === undefined ? next() : http.scope.run(undefined, next);
    followApp((request as Request).app);
    const way = wayOf(request, response);
    if (way !== undefined) {
      const withSpans = traceMiddleware ?? traced.tracing.traceMiddleware;
      way.spans = withSpans ? (way.spans ?? new MiddlewareSpans(traced, response)) : undefined;
    }
    if (begun === undefined) next();
    else traced.tracing.scope.run(begun, next);
  };
}
