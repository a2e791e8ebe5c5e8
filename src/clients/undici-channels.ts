// undici's diagnostics channels, and what they tell of a request.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { guard } from "../guard.ts";
import type { Undo } from "../patch.ts";
import type { UndiciRequest } from "./call.ts";

export interface Message {
  readonly request: UndiciRequest;
}

export interface HeadersMessage extends Message {
  readonly response: { readonly statusCode: number; readonly headers: unknown };
}

export interface ErrorMessage extends Message {
  readonly error: unknown;
}

/**
 * Listens to `undici:request:` and `event`. What a listener throws would end the process, for a channel reports it as an uncaught exception: it
 * is caught.
 */
export function listen(event: string, listener: (message: Message) => void): Undo {
  const name = `undici:request:${event}`;
  const guarded = guard(listener, undefined, `our listener of ${name}`, "tracer.error");
  const subscriber = (message: unknown) => guarded(message as Message, undefined);
  subscribe(name, subscriber);
  return () => {
    unsubscribe(name, subscriber);
  };
}
