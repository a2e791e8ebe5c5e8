// Takes URLs and Host headers apart, without the cost of `new URL` and without throwing.

import { flatText } from "./flat-text.ts";

/** The parts of a URL. Absent parts are "", an absent port is 0. */
export interface UrlParts {
  readonly scheme: string;
  /** The host name; an IPv6 address without its brackets. */
  readonly host: string;
  /** As written, else the scheme's own: 80 or 443. */
  readonly port: number;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** Takes apart an absolute URL, or a path with a query. Credentials and fragment are left out. */
export function urlParts(url: string): UrlParts {
  const scheme = schemeOf(url);
  const authorityAt = scheme === "" ? 0 : scheme.length + 3;
  const pathAt = scheme === "" ? 0 : endOfAuthority(url, authorityAt);
  const fragmentAt = indexOr(url.length, url.indexOf("#", pathAt));
  const queryAt = Math.min(indexOr(fragmentAt, url.indexOf("?", pathAt)), fragmentAt);
  const { host, port } = scheme === "" ? NO_HOST : hostAndPort(url.slice(authorityAt, pathAt));
  return {
    scheme,
    host,
    port: port !== 0 || host === "" ? port : scheme === "https" ? 443 : scheme === "http" ? 80 : 0,
    path: url.slice(pathAt, queryAt) || (scheme === "" ? "" : "/"),
    query: url.slice(queryAt + 1, fragmentAt),
  };
}

/**
 * The parts of an absolute URL but path and query. Kept for the next one of the same server, for a client asks few. Without a scheme, nothing.
 */
export function originParts(url: string): UrlParts | undefined {
  const scheme = schemeOf(url);
  if (scheme === "") return undefined;
  const origin = url.slice(0, endOfAuthority(url, scheme.length + 3));
  const known = origins.get(origin);
  if (known !== undefined) return known;
  const kept = flatText(origin);
  const parts = urlParts(kept);
  if (kept.length > MAX_ORIGIN || kept.includes("@")) return parts; // credentials are not kept
  if (origins.size >= MAX_ORIGINS) origins.clear();
  origins.set(kept, parts);
  return parts;
}

const origins = new Map<string, UrlParts>();
const MAX_ORIGINS = 200;
/** Characters. */
const MAX_ORIGIN = 300;

const NO_HOST = { host: "", port: 0 };

/** Takes apart `host`, `host:port`, `[::1]:port` and `user:password@host`. Without a port, or with a wrong one, it is 0. */
export function hostAndPort(authority: string): { host: string; port: number } {
  const start = authority.lastIndexOf("@") + 1;
  const bracket = authority.startsWith("[", start) ? authority.indexOf("]", start) : -1;
  const colon = authority.indexOf(":", Math.max(bracket, start));
  const end = colon < 0 ? authority.length : colon;
  const host = bracket < 0 ? authority.slice(start, end) : authority.slice(start + 1, bracket);
  return { host, port: colon < 0 ? 0 : portOf(authority.slice(colon + 1)) };
}

function portOf(text: string): number {
  const port = Number(text);
  return text !== "" && Number.isInteger(port) && port > 0 && port <= 0xffff ? port : 0;
}

/** The scheme in front of `://`, in lower case: "" where a path comes first. */
function schemeOf(url: string): string {
  if (url.charCodeAt(0) === SLASH) return "";
  const end = url.indexOf("://");
  if (end <= 0 || endOfAuthority(url, 0) < end) return "";
  return url.slice(0, end).toLowerCase();
}

/** Where the first slash, question mark or number sign is, from a place on. */
function endOfAuthority(url: string, from: number): number {
  for (let i = from; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code === SLASH || code === QUESTION_MARK || code === NUMBER_SIGN) return i;
  }
  return url.length;
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const NUMBER_SIGN = 0x23;

function indexOr(otherwise: number, index: number): number {
  return index < 0 ? otherwise : index;
}
