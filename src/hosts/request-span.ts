// Where the span of a request is kept, and how its end is noticed: the same for every host that has Node's request objects.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import { listen } from "../listen.ts";

// Registered, so that `getSpan` finds it whichever copy of this package traced the request: a bundle may bring one.
const SPAN: unique symbol = Symbol.for("node-opentracing/span");
const OWNER: unique symbol = Symbol("node-opentracing.owner");
const QUEUE: unique symbol = Symbol("node-opentracing.queue");

type Traced = { [SPAN]?: Span; [OWNER]?: Owner | undefined };
type TracedResponse = ServerResponse & Traced;
type QueuedSocket = Socket & { [QUEUE]?: Set<TracedResponse> };

/** Told once when a response has ended, however it did. */
export interface Owner {
  ended(response: ServerResponse, span: Span): void;
}

/** The span of a request, by its request or its response object; undefined where it is not traced. */
export function spanOf(requestOrResponse: object | null | undefined): Span | undefined {
  try {
    return (requestOrResponse as Traced | null | undefined)?.[SPAN];
  } catch {
    return undefined; // a proxy that refuses
  }
}

/** Makes `span` the request's, to be found by `spanOf`. A frozen one keeps none. */
export function setSpan(request: object, span: Span): void {
  if (Object.isExtensible(request)) (request as Traced)[SPAN] = span;
}

/** Whether a value is a response whose end can be noticed, be it Node's own or a stand-in of a framework or test library. */
export function isResponse(value: unknown): value is ServerResponse {
  if (typeof value !== "object" || value === null || !Object.isExtensible(value)) return false;
  try {
    const { writeHead, on } = value as { writeHead?: unknown; on?: unknown };
    return typeof writeHead === "function" && typeof on === "function";
  } catch {
    return false;
  }
}

/** Makes `span` the request's and the response's, and tells `owner` when the response has ended. */
export function watch(request: IncomingMessage, response: ServerResponse, span: Span, owner: Owner): void {
  setSpan(request, span);
  (response as Traced)[SPAN] = span;
  (response as Traced)[OWNER] = owner;
  // "close" comes once, after a finished response and after an abort alike.
  listen(response, "close", onClose);
  if (response.socket === null) queue(request.socket, response);
}

function onClose(this: ServerResponse): void {
  const { [SPAN]: span, [OWNER]: owner } = this as TracedResponse;
  if (owner === undefined) return;
  (this as Traced)[OWNER] = undefined;
  owner.ended(this, span!);
}

/**
 * A pipelined request's response waits for its turn without a socket. Where the connection closes before that, Node 20
 * and 22 never close the response: here its socket's "close" does, by one listener a socket.
 */
function queue(socket: QueuedSocket | null | undefined, response: TracedResponse): void {
  if (socket === null || socket === undefined) return;
  const waiting = socket[QUEUE];
  if (waiting === undefined) {
    socket[QUEUE] = new Set([response]);
    listen(socket, "close", closeQueue);
  } else {
    waiting.add(response);
  }
  listen(response, "close", leaveQueue);
}

function closeQueue(this: QueuedSocket): void {
  for (const response of this[QUEUE]!) onClose.call(response);
  this[QUEUE]!.clear();
}

function leaveQueue(this: ServerResponse): void {
  (this.req?.socket as QueuedSocket | null)?.[QUEUE]?.delete(this);
}
