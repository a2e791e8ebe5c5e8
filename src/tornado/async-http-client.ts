// Tornado's AsyncHTTPClient: fetches URLs, each fetch with one span.

import { type Check, checkOptions, isBoolean, isCount, isObject } from "../settings.ts";
import { TracedFetch } from "./client-tracing.ts";
import { Fetch } from "./fetch.ts";
import { HTTPRequest, type HTTPRequestOptions, REQUEST_CHECKS } from "./http-request.ts";
import type { HTTPResponse } from "./http-response.ts";
import {
  DEFAULT_SETTINGS,
  REQUEST_DEFAULTS_CHECKS,
  type RequestDefaults,
  type RequestSettings,
  settingsOf,
} from "./request-defaults.ts";

/** What holds for all fetches of a client. */
export interface AsyncHTTPClientOptions {
  /** For requests that say nothing else. */
  readonly defaults?: RequestDefaults | undefined;
  /** The largest body that is read, unpacked, in bytes: a larger one makes the fetch fail. 104857600 (100 MB) by default. */
  readonly maxBodySize?: number | undefined;
}

/** How to fetch, and what to make of the answer. */
export interface FetchOptions extends HTTPRequestOptions {
  /** Whether an answer other than 2xx rejects. True by default. */
  readonly raiseError?: boolean | undefined;
}

/**
 * An HTTP client that reads whole responses. Each request has a connection of its own, as with Tornado's simple client; no
 * agent and no proxy is used. There is no `max_clients`: fetches do not wait for one another. Nor is there `configure`: an
 * object holds nothing but its options, so that a handler may make one for each request.
 */
export class AsyncHTTPClient {
  readonly #settings: RequestSettings;
  #isClosed = false;

  /** @throws TypeError for an option that does not exist or is wrong, saying what to write instead */
  constructor(options: AsyncHTTPClientOptions = {}) {
    checkOptions("new AsyncHTTPClient(options)", options, CLIENT_CHECKS);
    checkOptions("new AsyncHTTPClient({ defaults })", options.defaults, REQUEST_DEFAULTS_CHECKS);
    const { maxBodySize = DEFAULT_SETTINGS.maxBodySize } = options;
    this.#settings = { ...settingsOf(options.defaults, DEFAULT_SETTINGS), maxBodySize };
  }

  /**
   * Fetches a URL, given with options, or an `HTTPRequest`, beside which only `raiseError` is an option. Never throws: it
   * rejects with
   *
   * - `HTTPError` for an answer other than 2xx, with `code` and `response`, unless `raiseError` is false. A redirect that is
   *   not followed and 304 are such answers.
   *
   * and, whatever `raiseError` says, with
   *
   * - `HTTPTimeoutError` and `HTTPStreamClosedError`, whose `code` is 599
   * - Node's own error where there is no connection (its `code` is ECONNREFUSED, ENOTFOUND and so on), or where the body
   *   cannot be unpacked
   * - what a `streamingCallback` or `headerCallback` throws, and the signal's reason
   * - TypeError for what cannot be sent
   */
  async fetch(urlOrRequest: string | URL | HTTPRequest, options: FetchOptions = {}): Promise<HTTPResponse> {
    if (this.#isClosed) throw new Error("AsyncHTTPClient: fetch was called after close");
    checkOptions("fetch(url, options)", options, FETCH_CHECKS);
    const { raiseError: isThrown = true, ...rest } = options;
    const request = requestOf(urlOrRequest, rest);
    const traced = new TracedFetch(request);
    let response: HTTPResponse;
    try {
      response = await new Fetch(request, settingsOf(request, this.#settings), traced).run();
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
}

const CLIENT_CHECKS: Readonly<Record<keyof AsyncHTTPClientOptions, Check>> = {
  defaults: isObject,
  maxBodySize: isCount,
};

const FETCH_CHECKS: Readonly<Record<keyof FetchOptions, Check>> = { ...REQUEST_CHECKS, raiseError: isBoolean };

function requestOf(urlOrRequest: string | URL | HTTPRequest, options: HTTPRequestOptions): HTTPRequest {
  if (!(urlOrRequest instanceof HTTPRequest)) return new HTTPRequest(urlOrRequest, options);
  const name = Object.keys(options)[0];
  if (name === undefined) return urlOrRequest;
  throw new TypeError(
    `fetch(request, options): set ${name} on the HTTPRequest; only raiseError can be given beside one`,
  );
}
