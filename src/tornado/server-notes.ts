// What a server does to its connections, noted so that the spans of cut requests can say why.

import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { noteClientError, noteTimeout } from "../hosts/response-end.ts";
import { patch } from "../patch.ts";

/** Of one server, until its `closeAllConnections`: the requests that are open then know by it. */
export interface ServerNotes {
  closedAll: boolean;
}

const NOTES: unique symbol = Symbol("node-opentracing.server-notes");
type Noted = Server & { [NOTES]?: ServerNotes };
type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Watches the server that a request came by, from its first traced request on. The server itself is patched and nothing
 * global; listeners would not do, for Node leaves time-outs and broken requests to those that there are.
 */
export function notesOf(request: IncomingMessage): ServerNotes {
  const { server } = request.socket as Socket & { server?: Noted };
  if (server === undefined || typeof server.closeAllConnections !== "function") return { closedAll: false };
  if (server[NOTES] === undefined) watch(server);
  return server[NOTES]!;
}

function watch(server: Noted): void {
  renew(server);
  const emit = original(server, "emit") as () => Emit;
  const closeAllConnections = original(server, "closeAllConnections") as () => Server["closeAllConnections"];
  patch(server as { emit: Emit }, "emit", function notedEmit(this: Server, event, ...args) {
    if (event === "timeout") noteTimeout(args[0] as Socket | undefined);
    if (event === "clientError") {
      noteClientError(args[1] as Socket | undefined, args[0] as Error, this.listenerCount("clientError") === 0);
    }
    return emit().call(this, event, ...args);
  });
  patch(server, "closeAllConnections", function notedCloseAllConnections(this: Noted) {
    this[NOTES]!.closedAll = true;
    renew(this);
    return closeAllConnections().call(this);
  });
}

function renew(server: Noted): void {
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
