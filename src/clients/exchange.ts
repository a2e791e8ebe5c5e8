// One logical request of a client and its span: what happened so far, and its one end.

import type { Span } from "opentracing";
import { count } from "../diagnostics.ts";
import type { ClientHandler } from "../http/client-handler.ts";
import type { Failure } from "../http/failure.ts";
import type { Undo } from "../patch.ts";

/** After how many milliseconds a response that nobody reads, or a retry that never comes, ends its span. */
export const PENDING_LIMIT = 60_000;
const SWEEP_INTERVAL = 5_000;

/** Failures of a response that had begun. */
export const RESET: Failure = {
  kind: "connection_reset",
  message: "the connection closed before the response was complete",
};
export const DESTROYED: Failure = {
  kind: "response_cut",
  message: "this side destroyed the response before its end",
};
const ENDED: Failure = {
  kind: "response_cut",
  message: "the process ended before the response was complete",
};
/** What undici cancels a body with when nobody holds its response any more. */
export const GARBAGE_COLLECTED = "Response object has been garbage collected";
const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** Exchanges that something still has to end: a body to be read, a retry to be sent. */
const pending = new Set<Exchange>();
let sweeper: NodeJS.Timeout | undefined;
let users = 0;

/** What a Readable tells of its reader: that it has read, or that it waits for more. */
interface Body {
  readonly readableDidRead: boolean;
  readonly readableFlowing: boolean | null;
}

/** A client span from its start to its end. Later calls than `end` do nothing. */
export class Exchange {
  readonly handler: ClientHandler;
  readonly span: Span;
  /** The last response's status. */
  status: number | undefined;
  /** When its headers came, or the attempt that may be followed by another failed: milliseconds since 1970. */
  pendingSince = 0;
  ended = false;
  /** By what to see that the response is being read, however long that takes; undefined where nothing tells. */
  body: Body | WeakRef<{ readonly locked: boolean }> | undefined;
  /** Called at its end. */
  whenEnded: (() => void) | undefined;
  #error: unknown;

  constructor(handler: ClientHandler, span: Span) {
    this.handler = handler;
    this.span = span;
  }

  /** The response's headers are here. Its body may never be read: from now on the time limit runs. */
  received(status: number): void {
    if (this.ended) return;
    this.status = status;
    this.#error = undefined;
    this.#wait();
  }

  /** The attempt failed, and another may follow: see `undici.ts`. */
  suspended(error: unknown): void {
    if (this.ended) return;
    this.#error = error;
    this.#wait();
  }

  /** Another attempt was sent. */
  resumed(): void {
    this.#error = undefined;
    this.status = undefined;
    pending.delete(this);
  }

  /** There is no response, or not all of it, because of `error`. */
  failed(error: unknown, endTime?: number): void {
    if (this.ended) return;
    this.handler.failed(this.span, error);
    this.end(endTime);
  }

  /** The same without an error object. */
  cut(failure: Failure, endTime?: number): void {
    if (this.ended) return;
    this.handler.cut(this.span, failure);
    this.end(endTime);
  }

  /** The connection, or undici, ended the exchange with `error`. */
  broke(error: unknown, endTime?: number): void {
    const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
    if (this.status === undefined) this.failed(error, endTime);
    else if (error === GARBAGE_COLLECTED) this.giveUp();
    else if (code !== undefined && BROKEN.has(code)) this.cut(RESET, endTime);
    else if (code === "UND_ERR_ABORTED") this.cut(DESTROYED, endTime);
    else this.failed(error, endTime);
  }

  end(endTime?: number): void {
    if (this.ended) return;
    this.ended = true;
    pending.delete(this);
    this.handler.finish(this.span, this.status, endTime);
    this.whenEnded?.();
  }

  /** Ends it as it stood when the headers came, or when the last attempt failed. */
  giveUp(): void {
    if (this.ended) return;
    if (this.#error !== undefined) {
      this.broke(this.#error, this.pendingSince);
    } else {
      count("client.unread_body");
      this.end(this.pendingSince);
    }
  }

  /** Whether its response is still being read: then the time limit does not count. */
  get isRead(): boolean {
    return this.#error === undefined && isReading(this.body);
  }

  #wait(): void {
    this.pendingSince = Date.now();
    pending.delete(this); // to the end: the sweep relies on the order
    pending.add(this);
  }
}

/**
 * Finishes every client span whose response has arrived but has not been read to its end, with the time when its headers
 * came, and counts it as `client.unread_body`. To be called before the last flush alone. Requests without an answer yet are left alone.
 */
export function finishPendingSpans(): void {
  for (const exchange of pending) exchange.giveUp();
}

/** The same where the process ends: a response that is still being read is cut by that. */
export function cutPendingSpans(): void {
  for (const exchange of pending) {
    if (exchange.isRead) exchange.cut(ENDED);
    else exchange.giveUp();
  }
}

/**
 * Starts to look after pending spans. Called when a client is patched, never in a request, so that the timer belongs to no
 * request's context.
 */
export function watchPending(): Undo {
  if (users++ === 0) sweeper = setInterval(sweep, SWEEP_INTERVAL).unref();
  let stopped = false;
  return function stop() {
    if (stopped) return;
    stopped = true;
    if (--users > 0) return;
    clearInterval(sweeper);
    finishPendingSpans();
  };
}

function sweep(): void {
  const before = Date.now() - PENDING_LIMIT;
  for (const exchange of pending) {
    if (exchange.pendingSince > before) break; // a set keeps the order in which its members came
    if (!exchange.isRead) exchange.giveUp();
  }
}

function isReading(body: Exchange["body"]): boolean {
  if (body === undefined) return false;
  if (body instanceof WeakRef) return body.deref()?.locked === true;
  return body.readableDidRead || body.readableFlowing !== null;
}
