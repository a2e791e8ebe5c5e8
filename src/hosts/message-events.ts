// Listeners of a request with a body, and of its response, run in the request's span: the body is told by the connection, which knows no span.

import type { IncomingMessage, ServerResponse } from "node:http";
import { patch } from "../patch.ts";
import { isHttp2, streamOf } from "./http2/request.ts";
import { tracedOf } from "./traced-request.ts";

type Emit = (this: object, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * From now on listeners of this request (`data`, `end`, …) and response (`finish`, `close`, …) run in the request's span, where no
 * span is active when the event comes. Only where a body is announced: all that Node tells of other requests it tells from the
 * handler on, and to ask at each event of every request would cost each a microsecond.
 */
export function runListenersInSpan(request: IncomingMessage, response: ServerResponse): void {
  const stream = isHttp2(request) ? streamOf(response) : undefined;
  if (stream !== undefined) {
    // HTTP/2 announces a body by not ending the stream. What its request and response tell they have from the stream.
    if (!stream.endAfterHeaders) watchMessage(stream);
    return;
  }
  const { headers } = request;
  const length = headers?.["content-length"];
  if ((length === undefined || length === "0") && headers?.["transfer-encoding"] === undefined) return;
  watchMessage(request);
  watchMessage(response);
}

/** Never undone: it goes with the object. A stand-in of a test library may have no `emit`, or take none. */
function watchMessage(message: { emit: Emit }): void {
  const { emit } = message;
  if (typeof emit !== "function" || !Object.isExtensible(message)) return;
  patch(message, "emit", function emitInSpan(...args) {
    const traced = tracedOf(message);
    if (traced === undefined || traced.tracing.scope.active() !== undefined) return emit.apply(this, args);
    return traced.tracing.scope.run(traced.span, () => emit.apply(this, args));
  });
}
