// Listeners of requests and responses run in the request's span: a body that comes later is told by the connection, which knows no span.

import { IncomingMessage, ServerResponse } from "node:http";
import { patch, type Undo, undoAll } from "../patch.ts";
import { tracedOf } from "./traced-request.ts";

type Emit = (this: Message, event: string | symbol, ...args: unknown[]) => boolean;

interface Message {
  emit: Emit;
  /** Node's own table, looked into because `listenerCount` takes longer than all the rest. */
  readonly _events?: { readonly [event: string | symbol]: unknown };
}

/**
 * From now on listeners of the requests that servers get (`data`, `end`, `close`, …) and of their responses (`finish`, `close`, …)
 * run in the request's span, where no span is active when the event comes. Node emits them from the connection, unless the body
 * was there before the handler returned.
 */
export function watchMessages(): Undo {
  return undoAll([
    watchMessage(IncomingMessage.prototype, () => false),
    // Node itself listens to "finish", and we to "close".
    watchMessage(ServerResponse.prototype, (event) => event === "finish" || event === "close"),
  ]);
}

/** `hasOwn`: to which events there is a listener that is none of the application's. */
function watchMessage(prototype: object, hasOwn: (event: string | symbol) => boolean): Undo {
  const target = prototype as Message;
  const own = Object.hasOwn(target, "emit") ? target.emit : undefined;
  const base = Object.getPrototypeOf(target) as Message;
  return patch(target, "emit", function emitInSpan(event, first) {
    const emit = own ?? base.emit;
    const listeners = this._events?.[event];
    const isHeard = listeners !== undefined && !(typeof listeners === "function" && hasOwn(event));
    const traced = isHeard ? tracedOf(this) : undefined;
    if (traced !== undefined && traced.tracing.scope.active() === undefined) {
      return traced.tracing.scope.run(traced.span, Reflect.apply, emit, this, arguments) as boolean;
    }
    // Most events have no argument or one; to pass `arguments` on takes longer than all else here.
    switch (arguments.length) {
      case 1:
        return emit.call(this, event);
      case 2:
        return emit.call(this, event, first);
      default:
        return Reflect.apply(emit, this, arguments);
    }
  });
}
