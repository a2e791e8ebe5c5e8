// Tornado's HTTPError: thrown by a handler it becomes the response, and the client rejects with it.

import { STATUS_CODES } from "node:http";
import { format } from "node:util";

/**
 * An error with an HTTP status. Thrown in a handler it ends the request with that status; below 500 it is no failure of
 * the server.
 */
export class HTTPError extends Error {
  readonly statusCode: number;
  /** For the log, never shown to the client. May hold `%s`, for which `args` are put in. */
  readonly logMessage: string | undefined;
  readonly args: readonly unknown[];
  /** What the status line says in place of the status's usual words. */
  reason: string | undefined;
  /** The response, where it was a client that failed. */
  response: unknown;

  /** @param statusCode 500 by default */
  constructor(statusCode = 500, logMessage?: string, ...args: unknown[]) {
    const told = logMessage === undefined || args.length === 0 ? logMessage : format(logMessage, ...args);
    const words = STATUS_CODES[statusCode] ?? "Unknown";
    super(`HTTP ${statusCode}: ${words}${told === undefined ? "" : ` (${told})`}`);
    this.name = "HTTPError";
    this.statusCode = statusCode;
    this.logMessage = told;
    this.args = args;
  }

  /** The same as `statusCode`: the name it has with Tornado's client. */
  get code(): number {
    return this.statusCode;
  }
}
