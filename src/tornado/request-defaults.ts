// How a request is fetched: what it says itself, else what its client says, else Tornado's defaults.

import type { ConnectionOptions } from "node:tls";
import { type Check, isBoolean, isCount, isObject, isText } from "../settings.ts";

/** How to fetch. These can be set for all requests of a client too: `new AsyncHTTPClient({ defaults })`. */
export interface RequestDefaults {
  /** Seconds until a connection, TLS included, must stand, for each redirect anew. 20 by default, 0 for no limit. */
  readonly connectTimeout?: number | undefined;
  /** Seconds for the whole fetch, redirects included. 20 by default, 0 for no limit. */
  readonly requestTimeout?: number | undefined;
  /** Go where a 301, 302, 303, 307 or 308 points. True by default. */
  readonly followRedirects?: boolean | undefined;
  /** How often; the redirect after that is the answer. 5 by default. */
  readonly maxRedirects?: number | undefined;
  /** The User-Agent header, in place of one among `headers`. Where there is neither, `node-opentracing/` and its version. */
  readonly userAgent?: string | undefined;
  /** For basic authentication. Credentials in the URL come first. */
  readonly authUsername?: string | undefined;
  /** Empty by default. */
  readonly authPassword?: string | undefined;
  /** Ask for gzip, and unpack it. True by default. */
  readonly decompressResponse?: boolean | undefined;
  /** Check the certificate of an https server. True by default. */
  readonly validateCert?: boolean | undefined;
  /** For node:tls: `ca`, `cert`, `key` and so on. In place of `validateCert`. */
  readonly sslOptions?: ConnectionOptions | undefined;
  /** Any method, with or without a body. False by default: POST, PUT and PATCH need a body, others have none. */
  readonly allowNonstandardMethods?: boolean | undefined;
}

/** The same with nothing left open, and what belongs to the client. */
export interface RequestSettings extends RequestDefaults {
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly followRedirects: boolean;
  readonly maxRedirects: number;
  readonly decompressResponse: boolean;
  readonly validateCert: boolean;
  readonly allowNonstandardMethods: boolean;
  /** In bytes, unpacked. */
  readonly maxBodySize: number;
}

/** Tornado's. */
export const DEFAULT_SETTINGS: RequestSettings = {
  connectTimeout: 20,
  requestTimeout: 20,
  followRedirects: true,
  maxRedirects: 5,
  decompressResponse: true,
  validateCert: true,
  allowNonstandardMethods: false,
  maxBodySize: 100 * 1024 * 1024,
};

/** `settings`, and in place of them what `request` has that is not undefined. */
export function settingsOf(request: RequestDefaults | undefined, settings: RequestSettings): RequestSettings {
  if (request === undefined) return settings;
  const result: Record<string, unknown> & RequestSettings = { ...settings };
  for (const name in REQUEST_DEFAULTS_CHECKS) {
    const value = request[name as keyof RequestDefaults];
    if (value !== undefined) (result as Record<string, unknown>)[name] = value;
  }
  return result;
}

/** For `checkOptions`: any text, the empty one too. */
export const isString: Check = (value) => (typeof value === "string" ? undefined : "a text");
const isSeconds: Check = (value) =>
  typeof value === "number" && value >= 0 && Number.isFinite(value) ? undefined : "a number of seconds, 0 or more";

/** For `checkOptions`. */
export const REQUEST_DEFAULTS_CHECKS: Readonly<Record<keyof RequestDefaults, Check>> = {
  connectTimeout: isSeconds,
  requestTimeout: isSeconds,
  followRedirects: isBoolean,
  maxRedirects: isCount,
  userAgent: isText,
  authUsername: isString,
  authPassword: isString,
  decompressResponse: isBoolean,
  validateCert: isBoolean,
  sslOptions: isObject,
  allowNonstandardMethods: isBoolean,
};
