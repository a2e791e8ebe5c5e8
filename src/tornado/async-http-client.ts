// Tornado's AsyncHTTPClient over node:http: redirects, time limits, compression, and one span a fetch.

import { performance } from "node:perf_hooks";
import { type Check, checkOptions, isCount, isObject } from "../settings.ts";
import { TracedFetch } from "./client-tracing.ts";
import { FetchLimits } from "./fetch-limits.ts";
import { firstHop, type Hop, isRedirect, nextHop } from "./hop.ts";
import { HTTPHeaders } from "./http-headers.ts";
import { DEFAULTS_CHECKS, HTTPRequest, type HTTPRequestOptions, type RequestDefaults } from "./http-request.ts";
import { HTTPResponse } from "./http-response.ts";
import { readBody, send, takeGzip, targetOf, tellHead } from "./round-trip.ts";

export interface AsyncHTTPClientOptions {
  /** For requests that say nothing else. */
  readonly defaults?: RequestDefaults | undefined;
  /** The largest body that is read, unpacked, in bytes: a larger one makes the fetch fail. 104857600 (100 MB) by default. */
  readonly maxBodySize?: number | undefined;
}

export interface FetchOptions extends HTTPRequestOptions {
  /** Whether an answer other than 2xx rejects. True by default. */
  readonly raiseError?: boolean | undefined;
}

/**
 * An HTTP client that reads whole responses. Each request has a connection of its own, as with Tornado's simple client. There is no
 * `max_clients`: fetches do not wait for one another. No global agent and no proxy is used.
 */
export class AsyncHTTPClient {
  readonly #defaults: Defaults;
  readonly #maxBodySize: number;
  #isClosed = false;

  /** @throws TypeError for an option that does not exist or is wrong, saying what to write instead */
  constructor(options: AsyncHTTPClientOptions = {}) {
    checkOptions("new AsyncHTTPClient(options)", options, CLIENT_CHECKS);
    checkOptions("new AsyncHTTPClient({ defaults })", options.defaults, DEFAULTS_CHECKS);
    this.#defaults = { ...DEFAULTS, ...given(options.defaults) };
    this.#maxBodySize = options.maxBodySize ?? 104_857_600;
  }

  /**
   * Fetches a URL, given with options, or an `HTTPRequest`, beside which only `raiseError` is an option. Never throws: it
   * rejects with
   *
   * - `HTTPError` for an answer other than 2xx, unless `raiseError` is false: with `code` and `response`. A redirect that is not followed
   *   and 304 are such answers.
   * - `HTTPTimeoutError` and `HTTPStreamClosedError`, whose `code` is 599, `raiseError` or not, as all below
   * - Node's own error where there is no connection (its `code` is ECONNREFUSED, ENOTFOUND and so on) or the body cannot be unpacked
   * - what a `streamingCallback` or `headerCallback` throws, and the signal's reason
   * - TypeError for what cannot be sent
   */
  async fetch(urlOrRequest: string | URL | HTTPRequest, options: FetchOptions = {}): Promise<HTTPResponse> {
    if (this.#isClosed) throw new Error("AsyncHTTPClient: fetch was called after close");
    const { raiseError, ...rest } = options;
    const request = requestOf(urlOrRequest, rest);
    const isThrown = raiseError ?? true;
    const traced = new TracedFetch(request);
    let response: HTTPResponse;
    try {
      response = await this.#fetchWithin(request, traced);
    } catch (error) {
      traced.failed(error);
      throw error;
    }
    traced.answered(response, isThrown);
    if (isThrown) response.rethrow();
    return response;
  }

  /** Fetches that are running go on; new ones are refused. There is nothing to free, so that nobody needs to call this. */
  close(): void {
    this.#isClosed = true;
  }

  async #fetchWithin(request: HTTPRequest, traced: TracedFetch): Promise<HTTPResponse> {
    const limits = new FetchLimits({
      connectTimeout: request.connectTimeout ?? this.#defaults.connectTimeout,
      requestTimeout: request.requestTimeout ?? this.#defaults.requestTimeout,
      signal: request.signal,
    });
    try {
      return await Promise.race([limits.reached, this.#follow(request, traced, limits)]);
    } finally {
      limits.clear();
    }
  }

  async #follow(request: HTTPRequest, traced: TracedFetch, limits: FetchLimits): Promise<HTTPResponse> {
    const defaults = this.#defaults;
    const followsRedirects = request.followRedirects ?? defaults.followRedirects;
    let redirects = followsRedirects ? (request.maxRedirects ?? defaults.maxRedirects) : 0;
    const first = firstHop(request, defaults);
    for (let hop = first; ; redirects--) {
      const next = await this.#exchange(request, hop, first, redirects > 0, traced, limits);
      if (next instanceof HTTPResponse) return next;
      hop = next;
    }
  }

  /** One request: answers its response, or the request that it is redirected to. */
  async #exchange(
    request: HTTPRequest,
    hop: Hop,
    first: Hop,
    mayRedirect: boolean,
    traced: TracedFetch,
    limits: FetchLimits,
  ): Promise<HTTPResponse | Hop> {
    if (limits.isOver) await limits.reached;
    const startTime = performance.now();
    const tls = request.sslOptions ?? this.#defaults.sslOptions;
    const validateCert = request.validateCert ?? this.#defaults.validateCert;
    const message = await send(hop, tls ?? { rejectUnauthorized: validateCert }, traced, limits);
    const status = message.statusCode!;
    traced.received(status);
    const { location } = message.headers;
    if (mayRedirect && isRedirect(status, location)) {
      await readBody(message, false, this.#maxBodySize, () => {});
      const next = nextHop(hop, status, location, first);
      traced.redirected(status, targetOf(next));
      return next;
    }

    const headers = HTTPHeaders.fromRaw(message.rawHeaders);
    const isGzip = (request.decompressResponse ?? this.#defaults.decompressResponse) && takeGzip(headers);
    if (request.headerCallback !== undefined) tellHead(message, request.headerCallback);
    const chunks: Buffer[] = [];
    await readBody(
      message,
      isGzip,
      this.#maxBodySize,
      request.streamingCallback ?? ((chunk) => void chunks.push(chunk)),
    );
    return new HTTPResponse(request, status, {
      headers,
      body: Buffer.concat(chunks),
      effectiveUrl: hop.href,
      requestTime: (performance.now() - startTime) / 1000,
      reason: message.statusMessage,
    });
  }
}

const CLIENT_CHECKS: Readonly<Record<keyof AsyncHTTPClientOptions, Check>> = {
  defaults: isObject,
  maxBodySize: isCount,
};

type Always =
  | "connectTimeout"
  | "requestTimeout"
  | "followRedirects"
  | "maxRedirects"
  | "decompressResponse"
  | "validateCert";
type Defaults = RequestDefaults & { readonly [K in Always]: NonNullable<RequestDefaults[K]> };

const DEFAULTS: Defaults = {
  connectTimeout: 20,
  requestTimeout: 20,
  followRedirects: true,
  maxRedirects: 5,
  decompressResponse: true,
  validateCert: true,
};

/** Without what is undefined. */
function given(defaults: RequestDefaults = {}): Partial<Defaults> {
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}

function requestOf(urlOrRequest: string | URL | HTTPRequest, options: HTTPRequestOptions): HTTPRequest {
  if (!(urlOrRequest instanceof HTTPRequest)) return new HTTPRequest(urlOrRequest, options);
  const name = Object.keys(options)[0];
  if (name === undefined) return urlOrRequest;
  throw new TypeError(
    `fetch(request, options): set ${name} on the HTTPRequest; only raiseError can be given beside one`,
  );
}
