// What a handler throws to answer with a status, and what a fetch rejects with: one class for Tornado's two HTTPErrors.

import { STATUS_CODES } from "node:http";
import type { HTTPResponse } from "./http-response.ts";

/** What an HTTPError can tell besides status and log message. */
export interface HTTPErrorOptions extends ErrorOptions {
  /** The phrase for the status line and the message; that of the status by default. */
  readonly reason?: string | undefined;
  /** The response of a fetch. */
  readonly response?: HTTPResponse | undefined;
}

/**
 * An error with an HTTP status: `tornado.web.HTTPError`, which a handler throws to be answered with `statusCode`, and
 * `tornado.httpclient.HTTPError`, with which `fetch` rejects for an answer other than 2xx, then with its `response`.
 *
 * Its message is `HTTP 404: Not Found`, followed by the log message in parentheses. Unlike Python's, the log message takes
 * no further arguments: use a template literal.
 */
export class HTTPError extends Error {
  /** 500 by default. */
  readonly statusCode: number;
  /** For the log, not for the user. */
  readonly logMessage: string | undefined;
  readonly reason: string | undefined;
  /** The response of a fetch, undefined where there is none. Not enumerable: what prints an error prints no body. */
  declare readonly response: HTTPResponse | undefined;

  constructor(statusCode = 500, logMessage?: string, options: HTTPErrorOptions = {}) {
    const { reason, response } = options;
    super(messageOf(statusCode, logMessage, reason), "cause" in options ? { cause: options.cause } : undefined);
    this.statusCode = statusCode;
    this.logMessage = logMessage;
    this.reason = reason;
    Object.defineProperty(this, "response", { value: response });
  }

  /** The same number as `statusCode`: its name in `tornado.httpclient`. */
  get code(): number {
    return this.statusCode;
  }

  static {
    named(HTTPError, "HTTPError");
  }
}

/** A time limit of a fetch passed. Its `code` is 599. */
export class HTTPTimeoutError extends HTTPError {
  constructor(reason: string) {
    super(599, undefined, { reason });
  }

  static {
    named(HTTPTimeoutError, "HTTPTimeoutError");
  }
}

/**
 * The connection was closed before the response was complete: by the other side, with Node's error as `cause`, or by this
 * one, for a body that is too large. Its `code` is 599.
 */
export class HTTPStreamClosedError extends HTTPError {
  constructor(reason: string, options?: ErrorOptions) {
    super(599, undefined, { ...options, reason });
  }

  static {
    named(HTTPStreamClosedError, "HTTPStreamClosedError");
  }
}

function messageOf(statusCode: number, logMessage: string | undefined, reason: string | undefined): string {
  const message = `HTTP ${statusCode}: ${reason ?? STATUS_CODES[statusCode] ?? "Unknown"}`;
  return logMessage ? `${message} (${logMessage})` : message;
}

/** On the prototype, as the built-in errors have it. */
function named(type: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(type.prototype, "name", { value: name, configurable: true, writable: true });
}
