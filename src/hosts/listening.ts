// Servers begin to listen in no span. Their connections would be in it else, and with them whatever comes of a request's body.

import { AsyncResource } from "node:async_hooks";
import type { HttpTracing } from "../http/http-tracing.ts";
import { ownOf, patch, type Undo } from "../patch.ts";
import type { Server } from "./server-notes.ts";
import type { Emit } from "./server-watch.ts";

const CALLER: unique symbol = Symbol("node-opentracing.caller");

interface Listening {
  listen: (this: Listening, ...args: unknown[]) => unknown;
  /** Set from `listen` until it is known whether that works. */
  [CALLER]?: Caller | undefined;
}

/** Who has called `listen` in a span. */
class Caller {
  readonly #tracing: HttpTracing;
  /** Calls what it is given as the caller would. */
  readonly #call = AsyncResource.bind((fn: () => boolean) => fn());

  constructor(tracing: HttpTracing) {
    this.#tracing = tracing;
  }

  emit(server: Server, emit: Emit, args: IArguments): boolean {
    const heard = this.#call(() => Reflect.apply(emit, server, args));
    // Node's own listener begins to look for connections that take too long, as long as the server lives: it does that anew, in no span.
    const own = server.listeners("listening").find(({ name }) => name === "setupConnectionsTracking");
    if (args[0] === "listening" && server.listening && own !== undefined)
      this.#tracing.runRequest(undefined, () => own.call(server));
    return heard;
  }
}

/**
 * Watches one server, or all of a class by its prototype: where a span is active when one begins to listen, Node's handle is made without it.
 * Who is told how that went is in that span all the same: see `inCaller`.
 *
 * @param tracingOf who traces a server; undefined where nobody does
 */
export function watchListen(target: object, tracingOf: (server: Server) => HttpTracing | undefined): Undo {
  const listening = target as Listening;
  const own = ownOf(listening, "listen", false);
  const base = Object.getPrototypeOf(target) as Listening;
  return patch(listening, "listen", function listen(...args) {
    const original = own ?? base.listen;
    const tracing = tracingOf(this as unknown as Server);
    const isInSpan = tracing?.scope.active() !== undefined;
    if (isInSpan || this[CALLER] !== undefined) note(this, isInSpan ? new Caller(tracing) : undefined);
    if (!isInSpan) return original.apply(this, args);
    try {
      return tracing.runRequest(undefined, () => original.apply(this, args));
    } catch (error) {
      note(this, undefined);
      throw error;
    }
  });
}

function note(server: Listening, caller: Caller | undefined): void {
  Object.defineProperty(server, CALLER, { value: caller, configurable: true, enumerable: false });
}

/** Emits "listening", or the "error" in its place, where `listen` was called. */
export function inCaller(server: Server, emit: Emit, args: IArguments): boolean {
  const caller = (server as unknown as Listening)[CALLER];
  if (caller === undefined) return Reflect.apply(emit, server, args);
  note(server as unknown as Listening, undefined);
  return caller.emit(server, emit, args);
}
