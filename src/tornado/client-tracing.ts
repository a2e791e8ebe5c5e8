// Which tracing the fetches of AsyncHTTPClient follow, and the span of one of them.

import { Exchange, RESET } from "../clients/exchange.ts";
import { ClientHandler } from "../http/client-handler.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Undo } from "../patch.ts";
import { isUntraced, untraced } from "../untraced.ts";
import { HTTPStreamClosedError, HTTPTimeoutError } from "./http-error.ts";
import type { HTTPRequest } from "./http-request.ts";
import type { HTTPResponse } from "./http-response.ts";

/**
 * Traces the fetches of every `AsyncHTTPClient` that begin from now on. However often this is called, a fetch has one
 * span: the latest tracing counts, and undoing it brings back the one before.
 */
export function traceTornadoClient(tracing: HttpTracing): Undo {
  const handler = new ClientHandler(tracing);
  handlers.push(handler);
  return function undo() {
    const at = handlers.indexOf(handler);
    if (at >= 0) handlers.splice(at, 1);
  };
}

/** What is on now, the latest last. */
const handlers: ClientHandler[] = [];

/**
 * A fetch as tracing sees it: with a span, or without one where nothing is on or the settings leave the request alone.
 *
 *     const traced = new TracedFetch(request);      // start, tag, startSpanCb
 *     traced.send(() => http.request(…));           // each hop, with traced.headers(url)
 *     traced.received(302);
 *     traced.redirected(302, nextUrl);              // and so on, until
 *     traced.answered(response, true);              // or failed(error)
 */
export class TracedFetch {
  readonly #exchange: Exchange | undefined;
  /** Whether node:http's own tracing shall not see the requests of this fetch. */
  readonly #isHidden: boolean;
  #resends = 0;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(request: HTTPRequest) {
    const handler = isUntraced() ? undefined : handlers.at(-1);
    this.#isHidden = handler !== undefined || isUntraced();
    const span = handler?.sending(request, handler.active());
    this.#exchange = span && new Exchange(handler!, span);
  }

  /** The trace headers to send to `url`, the same for every hop; none where there is no span or `url` must not have them. */
  headers(url: string): Readonly<Record<string, string>> {
    const exchange = this.#exchange;
    if (exchange === undefined || !exchange.handler.maySend(url)) return {};
    this.#headers ??= exchange.handler.headers(exchange.span);
    return this.#headers;
  }

  /** Runs `send`. Where AsyncHTTPClient is not traced, node:http's tracing, if on, sees it as any other request. */
  send<T>(send: () => T): T {
    return this.#isHidden ? untraced(send) : send();
  }

  received(status: number): void {
    if (this.#exchange !== undefined) this.#exchange.status = status;
  }

  /** The answer was a redirect, and the next request goes to `url`. */
  redirected(status: number, url: string): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.ended) return;
    this.#resends++;
    exchange.handler.resent(exchange.span, this.#resends, "redirect", status, url);
    exchange.resumed();
  }

  /** The response is complete. `isThrown` says whether the caller gets its error as a rejection: a 5xx is logged then. */
  answered(response: HTTPResponse, isThrown: boolean): void {
    if (isThrown && response.code >= 500) this.#exchange?.failed(response.error);
    else this.#exchange?.end();
  }

  /** There is no response, or not all of it. */
  failed(error: unknown): void {
    const exchange = this.#exchange;
    if (error instanceof HTTPTimeoutError) {
      exchange?.cut({ kind: "timeout", message: "a time limit of the fetch passed", error });
    } else if (isReset(error) && exchange?.status !== undefined) {
      exchange.cut({ ...RESET, error });
    } else {
      exchange?.failed(error);
    }
  }
}

function isReset(error: unknown): boolean {
  return error instanceof HTTPStreamClosedError && error.cause !== undefined;
}
