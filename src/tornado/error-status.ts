// Which status a handler's error is answered with.

import { HTTPError, HTTPStreamClosedError, HTTPTimeoutError } from "./http-error.ts";

/**
 * That of an HTTPError, if it is one that can be sent, else 500. An HTTPError that AsyncHTTPClient rejected with says how another server answered, not how
 * this one shall: 500 too, as with Tornado, where the two are different classes.
 */
export function answeredWith(error: unknown): number {
  return isAnswer(error) && isStatus(error.statusCode) ? error.statusCode : 500;
}

/** Whether it can stand in a status line: three digits (RFC 9112, section 4). */
export function isStatus(statusCode: number): boolean {
  return Number.isInteger(statusCode) && statusCode >= 100 && statusCode <= 999;
}

/** Whether it is an HTTPError of a handler. */
export function isAnswer(error: unknown): error is HTTPError {
  if (!(error instanceof HTTPError) || error.response !== undefined) return false;
  return !(error instanceof HTTPTimeoutError || error instanceof HTTPStreamClosedError);
}
