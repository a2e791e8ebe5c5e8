// What a fetch answers: status, headers, and the whole body.

import { STATUS_CODES } from "node:http";
import { HTTPError } from "./http-error.ts";
import { HTTPHeaders } from "./http-headers.ts";
import type { HTTPRequest } from "./http-request.ts";

/** What a response has besides its request and status. */
export interface HTTPResponseOptions {
  /** None by default. */
  readonly headers?: HTTPHeaders | undefined;
  /** Empty by default. */
  readonly body?: Buffer | undefined;
  /** The request's URL by default. */
  readonly effectiveUrl?: string | undefined;
  /** In seconds; undefined by default. */
  readonly requestTime?: number | undefined;
  /** That of the status by default. */
  readonly reason?: string | undefined;
}

/** The response of a fetch. Tornado's `buffer`, `time_info` and `start_time` are left out. */
export class HTTPResponse {
  /** The request as it was given to `fetch`, whatever redirects there were. */
  readonly request: HTTPRequest;
  /** The status. */
  readonly code: number;
  readonly reason: string;
  readonly headers: HTTPHeaders;
  /** Decompressed. Empty where a `streamingCallback` took it. */
  readonly body: Buffer;
  /** The URL that answered, after all redirects. */
  readonly effectiveUrl: string;
  /** Seconds from the start of the last request, the one that was not redirected, to the end of its response. */
  readonly requestTime: number | undefined;
  /** For every status but 200 to 299, whether or not `fetch` rejected with it. */
  readonly error: HTTPError | undefined;

  constructor(request: HTTPRequest, code: number, options: HTTPResponseOptions = {}) {
    this.request = request;
    this.code = code;
    this.reason = options.reason || STATUS_CODES[code] || "Unknown";
    this.headers = options.headers ?? new HTTPHeaders();
    this.body = options.body ?? Buffer.alloc(0);
    this.effectiveUrl = options.effectiveUrl ?? request.url;
    this.requestTime = options.requestTime;
    const isError = code < 200 || code >= 300;
    this.error = isError ? new HTTPError(code, undefined, { reason: this.reason, response: this }) : undefined;
  }

  /** Throws `error`, where there is one. */
  rethrow(): void {
    if (this.error !== undefined) throw this.error;
  }
}
