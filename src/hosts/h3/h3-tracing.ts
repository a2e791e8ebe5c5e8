// h3 2 on Node: a plug-in for an application tells the route that h3 found, and the errors on the way.

import type { IncomingMessage, ServerResponse } from "node:http";
import { isPlainPromise } from "../../follow-promise.ts";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { beginRequest } from "../servers.ts";
import { setRoute, tracedOf } from "../traced-request.ts";
import { type H3TracedEvent, noteError, routedBy } from "./channel.ts";

export type { H3TracedEvent };

/** What is used of an application. */
export interface H3TracedApp {
  use(middleware: (event: H3TracedEvent, next: () => unknown) => unknown): unknown;
}

/** A plug-in for `app.register`, or for `plugins` of a new application. */
export type H3TracingPlugin = (app: H3TracedApp) => void;

/**
 * Names the spans of an h3 application after its routes, and records what its code throws. It goes in front of all
 * middleware:
 *
 *     app.register(h3Tracing());                 // where initTracing() or traceServer() traces the requests
 *     app.register(h3Tracing({ tracing }));      // this application alone, with settings of its own
 *
 * h3 finds the route before its middleware runs: a request that a middleware answers is named after it too. A request without
 * Node's objects, as `app.request()` makes them, is passed on untouched.
 *
 * Middleware has no spans here, with `traceMiddleware` or without.
 *
 * @throws TypeError where there is no such option, or its value is of the wrong kind
 */
export function h3Tracing(options?: PluginOptions): H3TracingPlugin {
  checkPluginOptions("h3Tracing", options);
  const http = options?.tracing?.http;

  function serve(request: object, event: H3TracedEvent, next: () => unknown): unknown {
    setRoute(request, routedBy(event));
    let answer: unknown;
    try {
      answer = next();
    } catch (error) {
      noteError(request, error);
      throw error;
    }
    // h3 handles its rejection; ours is one more who waits.
    if (isPlainPromise(answer)) answer.then(undefined, (error) => noteError(request, error));
    return answer;
  }

  function traceRequest(event: H3TracedEvent, next: () => unknown): unknown {
    const { req, res } = event.runtime?.node ?? {};
    if (req === undefined) return next();
    if (http === undefined || res === undefined || tracedOf(req) !== undefined) return serve(req, event, next);
    return http.scope.run(beginRequest(http, req as IncomingMessage, res as ServerResponse), serve, req, event, next);
  }

  return function h3Tracing(app) {
    app.use(traceRequest);
  };
}
