// Keeps what a foreign tracer waits for at its back end from keeping the process: a flush waits for it, and no longer than it may.

import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { isUntraced } from "../untraced.ts";

let isListening = false;

/** From now on the sockets of a tracer's own requests, by node:http and fetch, are `unref`'d while they are used. */
export function releaseOwnSockets(): void {
  if (isListening) return;
  isListening = true;

  subscribe("http.client.request.start", (message) => {
    if (!isUntraced()) return;
    const { request } = message as { request: ClientRequest };
    if (request.socket) request.socket.unref();
    else request.once("socket", (socket) => socket.unref());
  });

  // fetch makes its request where it is called, and finds it a socket elsewhere.
  const own = new WeakSet<object>();
  subscribe("undici:request:create", (message) => {
    if (isUntraced()) own.add((message as { request: object }).request);
  });
  subscribe("undici:client:sendHeaders", (message) => {
    const { request, socket } = message as { request: object; socket: Socket };
    if (own.has(request)) socket.unref();
  });
}
