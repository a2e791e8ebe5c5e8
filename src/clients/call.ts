// One logical request of fetch or undici: an exchange and the hops, redirects and retries, that it took so far.

import type { Span } from "opentracing";
import type { ClientHandler } from "../http/client-handler.ts";
import { Exchange, GARBAGE_COLLECTED } from "./exchange.ts";
import { carries, isNamed, listOf, removeHeader, setHeader } from "./undici-headers.ts";

/** What we read of undici's own request objects, which the channels hand over. Versions 5 to 8 have it. */
export interface UndiciRequest {
  readonly method: string;
  readonly origin: string | URL;
  readonly path: string;
  /** The Host header that it was given, if any. */
  readonly host?: unknown;
  /** Names and values by turns; in version 5 text. */
  headers?: unknown;
  /** The protocol to upgrade to, such as "websocket". */
  readonly upgrade?: unknown;
  addHeader?(name: string, value: string): unknown;
}

/** Statuses after which a client goes on to another URL (Fetch Standard, "redirect status"). */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The state of a logical request while its hops come and go. */
export class Call {
  readonly exchange: Exchange;
  /** The span that was active where the call was made. */
  readonly caller: Span | undefined;
  /** Whether the global fetch was called: then its promise, not a hop, says whether it succeeded. */
  readonly isFetch: boolean;
  /** The trace headers that fetch was given, so that every hop carries them; undefined where each hop gets its own. */
  carried: Readonly<Record<string, string>> | undefined;
  /** The method of the last hop, or of the first one to come, in upper case. */
  method: string;
  /** The URL that the next hop will have, without its fragment; undefined where none is expected. */
  expected: string | undefined;
  /** The last hop, and its URL. */
  request: UndiciRequest | undefined;
  url = "";
  /** Whether the caller has its answer: fetch's promise was settled. */
  settled = false;
  /** Whether the last hop's response has come to its end. */
  complete = false;
  /** The error that ended a redirect's response, while the next hop may come all the same. */
  cutBy: unknown;
  /** Whether the last attempt failed in a way after which undici may try again. */
  retrying = false;
  /** The signal by which the caller can abort. */
  signal: AbortSignal | undefined;
  #resends = 0;
  /** Undefined: not asked for yet. */
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(handler: ClientHandler, span: Span, caller: Span | undefined, method: string, isFetch: boolean) {
    this.exchange = new Exchange(handler, span);
    this.method = method.toUpperCase();
    this.caller = caller;
    this.isFetch = isFetch;
  }

  /** Whether this is the hop that comes next. A redirect may turn the method into GET. */
  expects(method: string, url: string): boolean {
    if (this.expected !== url || this.exchange.ended) return false;
    return this.isMethod(method) || (method === "GET" && REDIRECTS.has(this.exchange.status ?? 0));
  }

  /** Whether a hop has the last one's method. */
  isMethod(method: string): boolean {
    return method.toUpperCase() === this.method;
  }

  /** The trace headers to send to `url`, the same for every hop; undefined for none. */
  headers(url: string): Readonly<Record<string, string>> | undefined {
    const { handler, span } = this.exchange;
    if (!handler.maySend(url)) return undefined;
    this.#headers ??= handler.headers(span);
    return this.#headers;
  }

  /** A hop was made: writes the trace headers, and from the second on says so on the span. */
  sent(request: UndiciRequest, url: string): void {
    const { exchange } = this;
    if (this.request !== undefined) {
      this.#resends++;
      const event = exchange.status !== undefined && REDIRECTS.has(exchange.status) ? "redirect" : "retry";
      exchange.handler.resent(exchange.span, this.#resends, event, exchange.status, url);
      exchange.resumed();
    }
    this.request = request;
    this.method = request.method.toUpperCase();
    this.url = url;
    this.expected = undefined;
    this.complete = false;
    this.cutBy = undefined;
    this.retrying = false;
    const headers = this.headers(url);
    if (headers === undefined) for (const name in this.carried) removeHeader(request, name);
    else if (!this.#carries(request)) for (const name in headers) setHeader(request, name, headers[name]!);
  }

  /** Whether a hop has come with the headers that fetch was given. */
  #carries({ headers }: UndiciRequest): boolean {
    return this.carried !== undefined && carries(listOf(headers), this.carried);
  }

  /** The last hop's headers are here. Notes where a redirect leads. */
  received(status: number, headers: unknown): void {
    this.exchange.received(status);
    if (REDIRECTS.has(status)) this.expected = target(headers, this.url);
  }

  /** The last hop's response has been read to its end. */
  completed(): void {
    this.complete = true;
    if (!this.isFetch || this.settled) this.exchange.end();
  }

  /** The last hop broke. Before fetch's promise is settled that is for the promise to say. */
  broke(error: unknown): void {
    const { exchange } = this;
    if (this.isFetch && !this.settled) return;
    if (this.isFetch && this.signal?.aborted !== true && isCancellation(error)) {
      exchange.handler.noted(exchange.span, "response_cancelled", "the caller cancelled the rest of the body");
      exchange.end();
    } else {
      exchange.broke(error);
    }
  }
}

/** Whether this is what `body.cancel(reason)` leaves. A reason that is an Error cannot be told from a broken connection. */
function isCancellation(error: unknown): boolean {
  if (error instanceof Error || error instanceof DOMException) return error.name === "AbortError";
  return error !== GARBAGE_COLLECTED;
}

/** A request's URL without its fragment. */
export function urlOf({ origin, path }: UndiciRequest): string {
  // A request to a proxy has the whole URL for its path.
  if (path.startsWith("http://") || path.startsWith("https://")) return path;
  return (typeof origin === "string" ? origin : origin.origin) + path;
}

/** A URL with the name of a Host header in place of an IP address. undici 6 leaves out the port there. */
export function withName(url: string, host: unknown): string {
  if (typeof host !== "string") return url;
  return url.replace(
    /^(https?:\/\/)(\d+\.\d+\.\d+\.\d+|\[[^\]]+\])(?=[:/]|$)/,
    (_, scheme) => scheme + host.replace(/:\d+$/, ""),
  );
}

/** Where the `location` header of a response leads, as undici will ask for it. */
function target(headers: unknown, base: string): string | undefined {
  const given = Array.isArray(headers) ? inList(headers, "location") : (headers as { location?: unknown })?.location;
  if (given === undefined) return undefined;
  // As the Fetch Standard has it: bytes are UTF-8, or Latin-1 characters each standing for a byte.
  const location = Buffer.isBuffer(given) ? given.toString("utf8") : String(given);
  if (!URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  return url.origin + url.pathname + url.search;
}

/** The first header of a name among raw ones. Over HTTP/2 undici 8 hands over an object instead. */
function inList(headers: readonly unknown[], name: string): unknown {
  for (let i = 0; i + 1 < headers.length; i += 2) if (isNamed(headers[i], name)) return headers[i + 1];
  return undefined;
}
