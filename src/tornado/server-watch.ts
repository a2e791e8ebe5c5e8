// What a server does to its connections: noted for the spans of requests that are cut, and upgrades handed to whoever traces them.

import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { noteClientError, noteTimeout } from "../hosts/response-end.ts";
import { patch } from "../patch.ts";

/** Of one server, until its `closeAllConnections`: the requests that are open then know by it. */
export interface ServerNotes {
  closedAll: boolean;
}

/** Is to call `emit` once, and to answer what it answers. */
export type Upgrade = (request: IncomingMessage, socket: Socket | undefined, emit: () => boolean) => boolean;

const NOTES: unique symbol = Symbol("node-opentracing.server-notes");
type Watched = Server & { [NOTES]?: ServerNotes };
type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;

/** What is known of the server that a request came by. */
export function notesOf(request: IncomingMessage): ServerNotes {
  return (request.socket as Socket & { server?: Watched }).server?.[NOTES] ?? { closedAll: false };
}

/**
 * Watches one server, once. The server itself is patched and nothing global; listeners would not do, for Node leaves
 * time-outs, broken requests and upgrades to those that there are.
 */
export function watchServer(server: Watched, upgrade: Upgrade): void {
  if (server[NOTES] !== undefined) return;
  renew(server);
  const emit = original(server, "emit") as () => Emit;
  const closeAllConnections = original(server, "closeAllConnections") as () => Server["closeAllConnections"];
  patch(server as { emit: Emit }, "emit", function watchedEmit(this: Server, event, ...args) {
    switch (event) {
      case "upgrade":
      case "connect":
        return upgrade(args[0] as IncomingMessage, args[1] as Socket | undefined, () =>
          emit().call(this, event, ...args),
        );
      case "timeout":
        noteTimeout(args[0] as Socket | undefined);
        break;
      case "clientError":
        noteClientError(args[1] as Socket | undefined, args[0] as Error, this.listenerCount("clientError") === 0);
        break;
    }
    return emit().call(this, event, ...args);
  });
  patch(server, "closeAllConnections", function watchedCloseAllConnections(this: Watched) {
    this[NOTES]!.closedAll = true;
    renew(this);
    return closeAllConnections().call(this);
  });
}

function renew(server: Watched): void {
  Object.defineProperty(server, NOTES, { value: { closedAll: false }, configurable: true });
}

/** The server's own method, if it has one, else the prototype's as it is when it is called: others patch that later. */
function original(server: Server, name: "emit" | "closeAllConnections"): () => unknown {
  if (Object.hasOwn(server, name)) {
    const own = server[name];
    return () => own;
  }
  const prototype = Object.getPrototypeOf(server) as Server;
  return () => prototype[name];
}
