// Requests that take the connection over ("upgrade", "connect"): one span for the handshake and the session that follows.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import type { ServerHandler } from "../http/server-handler.ts";
import { listen } from "../listen.ts";
import { patch, undoAll } from "../patch.ts";
import { HTTP_UPGRADE } from "../tags.ts";
import { upgradeFailureOf } from "./response-end.ts";
import { TracedRequest } from "./traced-request.ts";

/** The socket's two inlets: whatever is written to it passes one of them. */
type Sink = {
  _write: (chunk: unknown, encoding: string, callback: unknown) => unknown;
  _writev?: ((chunks: readonly { chunk: unknown }[], callback: unknown) => unknown) | null;
};

/** What stands for the response of an upgrade. */
class Handshake {
  /** Of the status line, once the application has written one. */
  statusCode: number | undefined;

  get headersSent(): boolean {
    return this.statusCode !== undefined;
  }
}

/** Starts the span of an upgrade, which ends with its socket. Answers undefined where the request is not traced. */
export function upgraded(
  handler: ServerHandler<IncomingMessage>,
  request: IncomingMessage,
  socket: Socket,
): Span | undefined {
  const span = handler.received(request);
  if (span === undefined) return undefined;
  const handshake = new Handshake();
  const traced = new TracedRequest(handler, span, request, handshake);
  handler.tagged(span, HTTP_UPGRADE, request.headers.upgrade);

  watchHandshake(socket as unknown as Sink, handshake);
  listen(socket, "close", () => traced.sent(handshake.statusCode, upgradeFailureOf(socket, handshake.statusCode)));
  return span;
}

/**
 * Reads the status line of what the application writes first. The socket's own inlets are patched until then, and called
 * with what they would have been called with. They may be the instance's: a stream made of options has them there.
 */
function watchHandshake(socket: Sink, handshake: Handshake): void {
  const { _write: write, _writev: writev } = socket;
  let isOpen = true;
  const written = (first: unknown): void => {
    if (!isOpen) return;
    isOpen = false;
    undo();
    handshake.statusCode = statusIn(first);
  };
  const undos = [
    patch(socket, "_write", (chunk, encoding, callback) => {
      written(chunk);
      return write.call(socket, chunk, encoding, callback);
    }),
  ];
  if (typeof writev === "function") {
    undos.push(
      patch(socket, "_writev", (chunks, callback) => {
        written(chunks[0]?.chunk);
        return writev.call(socket, chunks, callback);
      }),
    );
  }
  const undo = undoAll(undos);
}

/** The code in `HTTP/1.1 101 Switching Protocols`. */
function statusIn(chunk: unknown): number | undefined {
  const head = Buffer.isBuffer(chunk) ? chunk.toString("latin1", 0, 12) : typeof chunk === "string" ? chunk : "";
  if (!head.startsWith("HTTP/1.")) return undefined;
  const statusCode = Number(head.slice(9, 12));
  return Number.isInteger(statusCode) && statusCode >= 100 && statusCode < 600 ? statusCode : undefined;
}
