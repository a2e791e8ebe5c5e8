// Cookies: reads the Cookie header and writes Set-Cookie (RFC 6265), with quoted values as Python's http.cookies has them.

/** The attributes of a cookie that is set. */
export interface CookieOptions {
  readonly domain?: string | undefined;
  /** `"/"` by default. */
  readonly path?: string | undefined;
  /** When it ends. Without this, `expiresDays` and `maxAge` it ends with the browser's session. */
  readonly expires?: Date | undefined;
  /** The same in days from now. `expires` wins. */
  readonly expiresDays?: number | undefined;
  /** The same in seconds from now, for browsers that know it. */
  readonly maxAge?: number | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly secure?: boolean | undefined;
  readonly sameSite?: "Strict" | "Lax" | "None" | undefined;
}

const DAY = 86_400_000;

/** Reads a Cookie header. What is no cookie is passed over; of several with one name the last counts. */
export function parseCookies(header: string | undefined): Record<string, string> {
  const cookies = Object.create(null) as Record<string, string>;
  if (header === undefined) return cookies;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    if (name !== "") cookies[name] = unquoted(pair.slice(equals + 1).trim());
  }
  return cookies;
}

/**
 * Writes a Set-Cookie header. A value with characters that cookies may not have is quoted, as Python does it.
 *
 * @throws TypeError for a name that is no token, and for control characters, spaces or semicolons where they cannot be
 */
export function setCookieHeader(name: string, value: string, options: CookieOptions = {}): string {
  const { domain, path = "/", expires, expiresDays, maxAge, httpOnly, secure, sameSite } = options;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`setCookie: ${JSON.stringify(name)} is no cookie name`);
  if (/[\0-\x20\x7f]/.test(value)) {
    throw new TypeError(`setCookie: the value of "${name}" has spaces or control characters; encode it first`);
  }
  const end = expires ?? (expiresDays === undefined ? undefined : new Date(Date.now() + expiresDays * DAY));
  let header = `${name}=${quoted(value)}`;
  if (domain !== undefined) header += `; Domain=${attribute(name, "domain", domain)}`;
  if (end !== undefined) header += `; Expires=${date(name, end)}`;
  if (httpOnly === true) header += "; HttpOnly";
  if (maxAge !== undefined) header += `; Max-Age=${seconds(name, maxAge)}`;
  if (path !== "") header += `; Path=${attribute(name, "path", path)}`;
  if (sameSite !== undefined) header += `; SameSite=${attribute(name, "sameSite", sameSite)}`;
  if (secure === true) header += "; Secure";
  return header;
}

function attribute(cookie: string, name: string, value: string): string {
  if (!/[^\x21-\x3a\x3c-\x7e]/.test(value)) return value;
  throw new TypeError(`setCookie: the ${name} of "${cookie}" has characters that it may not have`);
}

function date(cookie: string, value: Date): string {
  if (!Number.isNaN(value.getTime())) return value.toUTCString();
  throw new TypeError(`setCookie: the end of "${cookie}" is no valid date`);
}

function seconds(cookie: string, value: number): number {
  if (Number.isFinite(value)) return Math.trunc(value);
  throw new TypeError(`setCookie: the maxAge of "${cookie}" must be a number of seconds`);
}

/** As it is where RFC 6265's cookie-octets suffice; else in quotes, with other bytes as `\` and three octal digits. */
function quoted(value: string): string {
  if (/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value)) return value;
  let text = "";
  for (const byte of Buffer.from(value)) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x7f && byte !== 0x2c && byte !== 0x3b) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${text}"`;
}

function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  const inner = value.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  const raw = inner.replace(/\\(?:([0-3][0-7][0-7])|(.))/gs, (_, octal: string | undefined, other: string) =>
    octal === undefined ? other : String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(raw, "latin1").toString();
}
