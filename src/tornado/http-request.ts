// A request to fetch, and everything that can be said about how: Tornado's names in camelCase, its units and defaults.

import type { ConnectionOptions } from "node:tls";
import type { OutgoingRequest } from "../http/client-handler.ts";
import { type Check, checkOptions, either, isFunction, isObject, isText } from "../settings.ts";
import { type HeadersInit, HTTPHeaders } from "./http-headers.ts";
import { isString, REQUEST_DEFAULTS_CHECKS, type RequestDefaults } from "./request-defaults.ts";

/**
 * How to fetch one URL. Of Tornado's options these are missing: `body_producer`, `expect_100_continue`, proxies,
 * `network_interface`, `allow_ipv6`, `auth_mode` (it is basic) and `prepare_curl_callback`; `ca_certs`, `client_key` and
 * `client_cert` are in `sslOptions`.
 */
export interface HTTPRequestOptions extends RequestDefaults {
  /** GET by default. */
  readonly method?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  /** Text is sent as UTF-8. None by default. */
  readonly body?: string | Uint8Array | null | undefined;
  /** The If-Modified-Since header: a Date, or seconds since 1970. */
  readonly ifModifiedSince?: Date | number | undefined;
  /** Gets each piece of the body, which the response then lacks. A promise that it answers is awaited. */
  readonly streamingCallback?: ((chunk: Buffer) => void | Promise<void>) | undefined;
  /**
   * Gets each line of the head with its line end: the status line, the headers, an empty line. Not those of redirects. A
   * promise that it answers is awaited.
   */
  readonly headerCallback?: ((line: string) => void | Promise<void>) | undefined;
  /** Gives the fetch up, which rejects with the signal's reason. What cancelling the future is in Python. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A request for `AsyncHTTPClient.fetch`, which never changes it; it can be fetched again. `startSpanCb`, `filter` and
 * `operationName` get this object: what they change is sent.
 */
export class HTTPRequest implements OutgoingRequest {
  url: string;
  /** In upper case. */
  method: string;
  /** A copy of those given. */
  headers: HTTPHeaders;
  body: string | Uint8Array | undefined;
  connectTimeout: number | undefined;
  requestTimeout: number | undefined;
  followRedirects: boolean | undefined;
  maxRedirects: number | undefined;
  userAgent: string | undefined;
  authUsername: string | undefined;
  authPassword: string | undefined;
  decompressResponse: boolean | undefined;
  validateCert: boolean | undefined;
  sslOptions: ConnectionOptions | undefined;
  allowNonstandardMethods: boolean | undefined;
  streamingCallback: ((chunk: Buffer) => void | Promise<void>) | undefined;
  headerCallback: ((line: string) => void | Promise<void>) | undefined;
  signal: AbortSignal | undefined;

  /** @throws TypeError for a URL that is no text, and for an option that does not exist or is wrong */
  constructor(url: string | URL, options: HTTPRequestOptions = {}) {
    if (typeof url !== "string" && !(url instanceof URL)) {
      throw new TypeError("new HTTPRequest(url, options): the URL must be a text or a URL object");
    }
    checkOptions("new HTTPRequest(url, options)", options, REQUEST_CHECKS);
    this.url = String(url);
    this.method = (options.method ?? "GET").toUpperCase();
    this.headers = new HTTPHeaders(options.headers);
    if (options.ifModifiedSince !== undefined) {
      this.headers.set("If-Modified-Since", dateOf(options.ifModifiedSince).toUTCString());
    }
    this.body = options.body ?? undefined;
    this.connectTimeout = options.connectTimeout;
    this.requestTimeout = options.requestTimeout;
    this.followRedirects = options.followRedirects;
    this.maxRedirects = options.maxRedirects;
    this.userAgent = options.userAgent;
    this.authUsername = options.authUsername;
    this.authPassword = options.authPassword;
    this.decompressResponse = options.decompressResponse;
    this.validateCert = options.validateCert;
    this.sslOptions = options.sslOptions;
    this.allowNonstandardMethods = options.allowNonstandardMethods;
    this.streamingCallback = options.streamingCallback;
    this.headerCallback = options.headerCallback;
    this.signal = options.signal;
  }

  /** The `component` tag. */
  get component(): "tornado" {
    return "tornado";
  }

  /** Itself: what `OutgoingRequest` calls the caller's own object. */
  get source(): HTTPRequest {
    return this;
  }
}

const isBytes: Check = (value) => (value instanceof Uint8Array ? undefined : "a Buffer");
const isNull: Check = (value) => (value === null ? undefined : "null");
const isTime: Check = (value) =>
  Number.isFinite(value instanceof Date ? value.getTime() : value) ? undefined : "a Date, or seconds since 1970";
const isSignal: Check = (value) => (value instanceof AbortSignal ? undefined : "an AbortSignal");

/** For `checkOptions`. */
export const REQUEST_CHECKS: Readonly<Record<keyof HTTPRequestOptions, Check>> = {
  ...REQUEST_DEFAULTS_CHECKS,
  method: isText,
  headers: isObject,
  body: either(isString, isBytes, isNull),
  ifModifiedSince: isTime,
  streamingCallback: isFunction,
  headerCallback: isFunction,
  signal: isSignal,
};

function dateOf(time: Date | number): Date {
  return typeof time === "number" ? new Date(time * 1000) : time;
}
