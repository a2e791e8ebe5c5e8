// What can end a fetch before its response is complete: its time limits, and the caller who gives it up.

import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { LONGEST_WAIT } from "../settings.ts";
import { HTTPTimeoutError } from "./http-error.ts";
import type { RequestSettings } from "./request-defaults.ts";

/** The limits of one fetch, from its start to `clear`. */
export class FetchLimits {
  /** Rejects when a limit is reached: with an `HTTPTimeoutError`, or with the reason of the signal. */
  readonly reached: Promise<never>;
  readonly #connectTimeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => this.#stop(this.#signal?.reason);
  #reject: (reason: unknown) => void = () => {};
  #connectTimer: NodeJS.Timeout | undefined;
  #request: ClientRequest | undefined;
  #isConnecting = true;
  #isOver = false;

  constructor({ connectTimeout, requestTimeout }: RequestSettings, signal: AbortSignal | undefined) {
    this.#connectTimeout = connectTimeout;
    this.#signal = signal;
    this.reached = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#timer = after(requestTimeout, () => this.#timeout());
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** Whether a limit was reached, or the fetch is done: nothing more may be sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The request that is running now. Its connection has a time limit of its own. */
  watch(request: ClientRequest, isSecure: boolean): void {
    this.#request = request;
    this.#isConnecting = true;
    this.#connectTimer = after(this.#connectTimeout, () => this.#timeout());
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
    this.#signal?.removeEventListener("abort", this.#onAbort);
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
  return seconds === 0 ? undefined : setTimeout(fn, Math.min(seconds * 1000, LONGEST_WAIT));
}
