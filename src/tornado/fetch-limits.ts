// What can end a fetch before its response is complete: its time limits, and the caller who gives it up.

import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { HTTPTimeoutError } from "./http-error.ts";

/** The longest time that a timer of Node can wait, about 25 days. */
const LONGEST = 2 ** 31 - 1;

export interface LimitOptions {
  /** In seconds, 0 for none. */
  readonly connectTimeout: number;
  /** In seconds, 0 for none. */
  readonly requestTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The limits of one fetch, from its start to `clear`. */
export class FetchLimits {
  /** Rejects when a limit is reached: with an `HTTPTimeoutError`, or with the reason of the signal. */
  readonly reached: Promise<never>;
  readonly #options: LimitOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => this.#stop(this.#options.signal?.reason);
  #reject: (reason: unknown) => void = () => {};
  #connectTimer: NodeJS.Timeout | undefined;
  #request: ClientRequest | undefined;
  #isConnecting = true;
  #isOver = false;

  constructor(options: LimitOptions) {
    this.#options = options;
    this.reached = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#timer = after(options.requestTimeout, () => this.#timeout());
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Whether a limit was reached, or the fetch is done: nothing more may be sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The request that is running now. Its connection has a time limit of its own. */
  watch(request: ClientRequest, isSecure: boolean): void {
    this.#request = request;
    this.#isConnecting = true;
    this.#connectTimer = after(this.#options.connectTimeout, () => this.#timeout());
    const connected = () => {
      this.#isConnecting = false;
      clearTimeout(this.#connectTimer);
    };
    request.once("socket", (socket: Socket) => {
      if (socket.connecting === false && !isSecure) connected();
      else socket.once(isSecure ? "secureConnect" : "connect", connected);
    });
  }

  /** To be called when the fetch is done, however it ended. */
  clear(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }

  #timeout(): void {
    this.#stop(new HTTPTimeoutError(this.#isConnecting ? "Timeout while connecting" : "Timeout during request"));
  }

  #stop(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reject(reason);
    this.#request?.destroy();
  }
}

function after(seconds: number, fn: () => void): NodeJS.Timeout | undefined {
  return seconds === 0 ? undefined : setTimeout(fn, Math.min(seconds * 1000, LONGEST));
}
