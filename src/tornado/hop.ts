// The requests that one fetch takes: what the first asks for, and where a redirect leads.

import { VERSION } from "../version.ts";
import { HTTPHeaders } from "./http-headers.ts";
import type { HTTPRequest } from "./http-request.ts";
import type { RequestSettings } from "./request-defaults.ts";

/** One request as it is sent, but for the trace headers. */
export interface Hop {
  /** Without credentials: those are in the headers. */
  readonly url: URL;
  /** For `effectiveUrl`. */
  readonly href: string;
  readonly method: string;
  readonly headers: HTTPHeaders;
  readonly body: string | Uint8Array | undefined;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What another origin must not get. */
const CREDENTIALS: readonly string[] = ["Authorization", "Cookie", "Proxy-Authorization"];
/** What describes a body that is no longer sent. */
const CONTENT: readonly string[] = ["Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"];

/** @throws TypeError for a request that cannot be sent, saying why */
export function firstHop(request: HTTPRequest, settings: RequestSettings): Hop {
  const { method, body } = request;
  const { authUsername, authPassword, userAgent } = settings;
  if (!settings.allowNonstandardMethods) checkMethod(method, body);
  const url = parsed(request.url);
  const headers = new HTTPHeaders(request.headers);
  if (authUsername !== undefined) headers.set("Authorization", basic(authUsername, authPassword ?? ""));
  takeCredentials(url, headers);
  if (userAgent !== undefined) headers.set("User-Agent", userAgent);
  else if (!headers.has("User-Agent")) headers.set("User-Agent", `node-opentracing/${VERSION}`);
  if (body !== undefined) {
    headers.delete("Transfer-Encoding");
    // Node sends none for methods that have no body as a rule.
    headers.set("Content-Length", String(Buffer.byteLength(body)));
  }
  if (method === "POST" && !headers.has("Content-Type")) {
    headers.set("Content-Type", "application/x-www-form-urlencoded");
  }
  if (settings.decompressResponse) headers.set("Accept-Encoding", "gzip");
  return { url, href: request.url, method, headers, body };
}

/** Whether an answer points elsewhere. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return location !== undefined && REDIRECTS.has(status);
}

/**
 * The request after a redirect: a GET without the body where a POST got a 301 or 302, or any but a HEAD got a 303; the same
 * again otherwise. Credentials and cookies stay behind where it leaves the origin of the `first` request.
 *
 * @throws TypeError for a place where none can be sent
 */
export function nextHop(hop: Hop, status: number, location: string, first: Hop): Hop {
  const url = parsed(location, hop.url);
  const headers = new HTTPHeaders(hop.headers);
  headers.delete("Host");
  if (url.origin !== first.url.origin) {
    url.username = "";
    url.password = "";
    for (const name of CREDENTIALS) headers.delete(name);
  }
  const { href } = url;
  takeCredentials(url, headers);
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  if (!becomesGet) return { url, href, method: hop.method, headers, body: hop.body };
  for (const name of CONTENT) headers.delete(name);
  return { url, href, method: "GET", headers, body: undefined };
}

function checkMethod(method: string, body: unknown): void {
  const rest = "or set allowNonstandardMethods";
  if (!METHODS.has(method)) throw new TypeError(`AsyncHTTPClient: unknown method ${method}: use a known one, ${rest}`);
  if (WITH_BODY.has(method) && body === undefined) {
    throw new TypeError(`AsyncHTTPClient: a ${method} needs a body: give one, "" if need be, ${rest}`);
  }
  if (!WITH_BODY.has(method) && body !== undefined) {
    throw new TypeError(`AsyncHTTPClient: a ${method} has no body: leave it out, ${rest}`);
  }
}

/** Its errors do not quote the URL, which may hold secrets. */
function parsed(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href))
    throw new TypeError("AsyncHTTPClient: the URL cannot be parsed; it must be absolute");
  const url = new URL(text, base);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw new TypeError(`AsyncHTTPClient: the URL must begin with http: or https:, not ${url.protocol}`);
}

/** Moves the credentials of a URL to the headers. */
function takeCredentials(url: URL, headers: HTTPHeaders): void {
  if (url.username === "" && url.password === "") return;
  headers.set("Authorization", basic(decoded(url.username), decoded(url.password)));
  url.username = "";
  url.password = "";
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // "%" that encodes nothing
  }
}
