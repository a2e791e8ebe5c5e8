// One fetch: its requests, from the first to the one that is not redirected, within its time limits.

import type { IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import type { TracedFetch } from "./client-tracing.ts";
import { FetchLimits } from "./fetch-limits.ts";
import { firstHop, type Hop, isRedirect, nextHop } from "./hop.ts";
import { HTTPHeaders } from "./http-headers.ts";
import type { HTTPRequest } from "./http-request.ts";
import { HTTPResponse } from "./http-response.ts";
import type { RequestSettings } from "./request-defaults.ts";
import { readBody, send, takeGzip, targetOf, tellHead } from "./round-trip.ts";

/** Sends the request, follows redirects, reads the answer, and tells `TracedFetch` of each. */
export class Fetch {
  readonly #request: HTTPRequest;
  readonly #settings: RequestSettings;
  readonly #traced: TracedFetch;
  readonly #limits: FetchLimits;

  constructor(request: HTTPRequest, settings: RequestSettings, traced: TracedFetch) {
    this.#request = request;
    this.#settings = settings;
    this.#traced = traced;
    this.#limits = new FetchLimits(settings, request.signal);
  }

  /** Rejects as `AsyncHTTPClient.fetch` says, but for the status of an answer. To be called once. */
  async run(): Promise<HTTPResponse> {
    try {
      return await Promise.race([this.#limits.reached, this.#follow()]);
    } finally {
      this.#limits.clear();
    }
  }

  async #follow(): Promise<HTTPResponse> {
    const { followRedirects, maxRedirects } = this.#settings;
    const first = firstHop(this.#request, this.#settings);
    let hop = first;
    for (let left = followRedirects ? maxRedirects : 0; ; left--) {
      if (this.#limits.isOver) await this.#limits.reached;
      const startTime = performance.now();
      const message = await send(hop, this.#settings, this.#traced, this.#limits);
      const status = message.statusCode!;
      this.#traced.received(status);
      const { location } = message.headers;
      if (left === 0 || !isRedirect(status, location)) return this.#answer(hop, message, startTime);

      await readBody(message, false, this.#settings.maxBodySize, () => {});
      hop = nextHop(hop, status, location, first);
      this.#traced.redirected(status, targetOf(hop));
    }
  }

  async #answer(hop: Hop, message: IncomingMessage, startTime: number): Promise<HTTPResponse> {
    const { headerCallback, streamingCallback } = this.#request;
    const { decompressResponse, maxBodySize } = this.#settings;
    const headers = HTTPHeaders.fromRaw(message.rawHeaders);
    const isGzip = decompressResponse && takeGzip(headers);
    if (headerCallback !== undefined) await tellHead(message, headerCallback);
    const chunks: Buffer[] = [];
    await readBody(message, isGzip, maxBodySize, streamingCallback ?? ((chunk) => void chunks.push(chunk)));
    return new HTTPResponse(this.#request, message.statusCode!, {
      headers,
      body: Buffer.concat(chunks),
      effectiveUrl: hop.href,
      requestTime: (performance.now() - startTime) / 1000,
      reason: message.statusMessage,
    });
  }
}
