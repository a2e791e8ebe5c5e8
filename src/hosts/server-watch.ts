// Watches servers: shows what they emit to whoever traces them, and notes why they close connections.

import type { Socket } from "node:net";
import { noteSessionTimeout } from "../http2-stream.ts";
import { ownOf, patch, type Undo, undoAll } from "../patch.ts";
import { isSession } from "./http2/request.ts";
import { inCaller } from "./listening.ts";
import { noteClientError, noteTimeout } from "./response-end.ts";
import { noteClosedAll, type Server } from "./server-notes.ts";
import { failRequest } from "./traced-request.ts";

export type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Is shown every event that is about a request: "request", "checkContinue", "checkExpectation", "upgrade", "connect",
 * "stream". Has to call `emit` with `args`, once, and to answer what that answers.
 */
export type See = (server: Server, emit: Emit, args: IArguments) => boolean;

/** Emits, and sees nothing. */
export const seeNothing: See = (server, emit, args) => Reflect.apply(emit, server, args);

/**
 * Watches one server: it is patched, and nothing else. Listeners would not do, for Node leaves time-outs, broken requests
 * and upgrades to those that there are.
 */
export function watchServer(server: Server, see: See): Undo {
  return watch(server, see, false);
}

/** Watches all servers of a class, by its prototype. */
export function watchServers(prototype: object, see: See): Undo {
  return watch(prototype, see, true);
}

/** Watches what is emitted by all servers of a class, and nothing else of them. */
export function watchEvents(prototype: object, see: See): Undo {
  return watchEmit(prototype as Patched, see, true);
}

/** Watches what becomes of the rejections of listeners, where somebody asked for that, in all servers of a class. */
export function watchRejections(prototype: object): Undo {
  return watchRejected(prototype as Patched, true);
}

/** What a server's EventEmitter with `captureRejections` calls when a listener's promise rejects. */
const REJECTED: unique symbol = Symbol.for("nodejs.rejection") as never;

type Patched = {
  emit: Emit;
  closeAllConnections?: (this: Server) => void;
  [REJECTED]?: (this: Server, error: unknown, event: string | symbol, ...args: unknown[]) => void;
};

function watch(watched: object, see: See, isClass: boolean): Undo {
  const target = watched as Patched;
  return undoAll([watchEmit(target, see, isClass), watchRejected(target, isClass), watchCloseAll(target, isClass)]);
}

function watchEmit(target: Patched, see: See, isClass: boolean): Undo {
  const own = ownOf(target, "emit", isClass);
  const base = Object.getPrototypeOf(target) as Patched;
  return patch(target, "emit", function tracedEmit(event, first, second) {
    const emit = own ?? base.emit;
    switch (event) {
      case "request":
      case "checkContinue":
      case "checkExpectation":
      case "upgrade":
      case "connect":
      case "stream":
        return see(this, emit, arguments);
      case "listening":
      case "error":
        return inCaller(this, emit, arguments);
      case "timeout":
        if (isSession(first)) noteSessionTimeout(first);
        else noteTimeout(first as Socket | undefined);
        break;
      case "clientError":
        noteClientError(second as Socket | undefined, first as Error, this.listenerCount("clientError") === 0);
        break;
    }
    return Reflect.apply(emit, this, arguments);
  });
}

function watchRejected(target: Patched, isClass: boolean): Undo {
  if (target[REJECTED] === undefined) return nothing;
  const own = ownOf(target, REJECTED, isClass);
  const base = Object.getPrototypeOf(target) as Patched;
  return patch(target, REJECTED, function tracedRejection(error, event, ...args) {
    if (event === "request" || event === "stream") failRequest(args[0] as object, error);
    return (own ?? base[REJECTED])!.call(this, error, event, ...args);
  });
}

function watchCloseAll(target: Patched, isClass: boolean): Undo {
  if (target.closeAllConnections === undefined) return nothing;
  const own = ownOf(target, "closeAllConnections", isClass);
  const base = Object.getPrototypeOf(target) as Patched;
  return patch(target, "closeAllConnections", function tracedCloseAllConnections() {
    noteClosedAll(this);
    return (own ?? base.closeAllConnections)!.call(this);
  });
}

function nothing(): void {}
