// What is known of a server, for the spans of its requests.

import type { Server as HttpServer } from "node:http";

const NOTES: unique symbol = Symbol("node-opentracing.server-notes");

/** A server of node:http, node:https or node:http2. */
export type Server = HttpServer & { [NOTES]?: ServerNotes };

/** What is known of a server until its `closeAllConnections`: the requests that are open then know by it. */
export class ServerNotes {
  closedAll = false;
  /** Who has looked at its listeners. */
  seenBy: object | undefined;
}

/** What is known of a server from now on. That it closes its connections is noted only while it is watched. */
export function notesOf(server: Server): ServerNotes {
  return server[NOTES] ?? renewed(server);
}

/** Notes that `closeAllConnections` was called: it ends the requests that are open. */
export function noteClosedAll(server: Server): void {
  if (server[NOTES] === undefined) return;
  server[NOTES].closedAll = true;
  renewed(server);
}

function renewed(server: Server): ServerNotes {
  const notes = new ServerNotes();
  Object.defineProperty(server, NOTES, { value: notes, configurable: true, enumerable: false });
  return notes;
}
