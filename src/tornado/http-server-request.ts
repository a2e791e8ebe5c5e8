// The request a handler gets: Tornado's HTTPServerRequest over Node's IncomingMessage.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Routed } from "../http/server-handler.ts";
import { type Arguments, type Form, type HTTPFile, merged, noArguments, parseArguments } from "./arguments.ts";
import { parseCookies } from "./cookies.ts";
import type { RequestSpan } from "./request-tracing.ts";

/** A request, as `this.request` of a handler. */
export class HTTPServerRequest {
  /** Node's own objects beneath. */
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  /** Path and query as requested: `/story/1?page=2`. */
  readonly uri: string;
  readonly path: string;
  /** What follows the first `?`, or empty. */
  readonly query: string;
  /** `HTTP/1.1`. */
  readonly version: string;
  /** By names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The client's address. */
  readonly remoteIp: string | undefined;
  /** `http` or `https`. */
  readonly protocol: string;
  /** The Host header; `127.0.0.1` for a client of HTTP/1.0 that sent none. */
  readonly host: string;
  /** The whole body; empty until it was received. */
  body: Buffer = Buffer.alloc(0);
  /** How its span is named. @internal */
  readonly routed: Routed;
  /** Its span, where it is traced. @internal */
  traced: RequestSpan | undefined;
  /** Called when the body is here. @internal */
  whenReceived: (() => void) | undefined;
  readonly #started = performance.now();
  #finished: number | undefined;
  #queryArguments: Arguments | undefined;
  #form: Form | undefined;
  #arguments: Arguments | undefined;
  #cookies: Record<string, string> | undefined;

  /** @param routed how its span is named, where there is one */
  constructor(req: IncomingMessage, res: ServerResponse, routed: Routed) {
    const uri = req.url ?? "/";
    this.req = req;
    this.res = res;
    this.routed = routed;
    this.method = req.method ?? "GET";
    this.uri = uri;
    this.path = pathOf(uri);
    this.query = uri.slice(this.path.length + 1);
    this.version = `HTTP/${req.httpVersion}`;
    this.headers = req.headers;
    this.remoteIp = req.socket.remoteAddress;
    this.protocol = (req.socket as { encrypted?: boolean }).encrypted === true ? "https" : "http";
    this.host = req.headers.host ?? "127.0.0.1";
    res.once("close", () => this.#end());
  }

  /** The arguments of the query. */
  get queryArguments(): Arguments {
    this.#queryArguments ??= parseArguments(this.query);
    return this.#queryArguments;
  }

  /** The arguments of a form in the body. */
  get bodyArguments(): Arguments {
    return this.#form?.arguments ?? noArguments();
  }

  /** Both: those of the query first. */
  get arguments(): Arguments {
    this.#arguments ??= merged(this.queryArguments, this.bodyArguments);
    return this.#arguments;
  }

  /** The files of a form in the body. */
  get files(): Record<string, HTTPFile[]> {
    return this.#form?.files ?? noArguments();
  }

  /** The cookies of the request, by name. */
  get cookies(): Record<string, string> {
    this.#cookies ??= parseCookies(this.headers.cookie);
    return this.#cookies;
  }

  /** `http://example.com/story/1?page=2`. */
  fullUrl(): string {
    return `${this.protocol}://${this.host}${this.uri}`;
  }

  /** Seconds that the request has taken, until now or until its end. */
  requestTime(): number {
    return ((this.#finished ?? performance.now()) - this.#started) / 1_000;
  }

  /** Takes what its body turned out to be. @internal */
  received(body: Buffer, form: Form | undefined): void {
    this.body = body;
    this.#form = form;
    this.#arguments = undefined;
    this.whenReceived?.();
  }

  #end(): void {
    this.#finished ??= performance.now();
  }
}

/** What comes before the query. */
export function pathOf(uri: string): string {
  const mark = uri.indexOf("?");
  return mark < 0 ? uri : uri.slice(0, mark);
}
