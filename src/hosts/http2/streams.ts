// Streams of node:http2 servers: starts the spans of those that the application serves itself, and runs it in them.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { emitInSpan, started, type TracedHost } from "../node-http.ts";
import type { Server } from "../server-notes.ts";
import type { Emit } from "../server-watch.ts";
import { tracedOf } from "../traced-request.ts";
import { isServerStream, StreamRequest } from "./request.ts";

/**
 * Emits a stream in its span. Where nobody but Node's compatibility API listens, the span starts with the "request" that it
 * makes of the stream. `args` are those of `emit`, handed on as they came.
 */
export function serveStream(
  host: TracedHost,
  server: Server,
  emit: Emit,
  args: IArguments,
  stream: unknown,
  headers: unknown,
): boolean {
  if (!isServerStream(stream) || isCompatible(server)) return Reflect.apply(emit, server, args);
  let span = tracedOf(stream)?.span;
  if (span === undefined) {
    const request = new StreamRequest(stream, headers as IncomingHttpHeaders) as object as IncomingMessage;
    span = started(host, server, request, stream as object as ServerResponse);
  }
  return host.tracing.runRequest(span, emitInSpan, emit, server, args, span, host);
}

/** Whether the one listener for streams is Node's own, which it adds together with the first for requests. */
function isCompatible(server: Server): boolean {
  return server.listenerCount("stream") === 1 && server.listenerCount("request") > 0;
}
