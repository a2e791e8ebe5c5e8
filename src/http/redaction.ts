// Keeps secrets out of URLs before they become tags: one list for servers and clients.

/** What takes the place of a secret, as OpenTelemetry's `url.full` and `url.query` have it. */
export const REDACTED = "REDACTED";

/**
 * Query parameters whose values are secrets. Compared without regard to case, `-`, `_` and `.`, so that `api_key`,
 * `apiKey` and `API-KEY` are one name.
 */
export const DEFAULT_REDACTED: readonly string[] = [
  "access_token",
  "api_key",
  "auth",
  "authorization",
  "auth_token",
  "AWSAccessKeyId",
  "client_secret",
  "code",
  "credential",
  "credentials",
  "id_token",
  "jwt",
  "key",
  "pass",
  "passwd",
  "password",
  "private_key",
  "pwd",
  "refresh_token",
  "secret",
  "session",
  "session_id",
  "sid",
  "sig",
  "signature",
  "token",
  "X-Amz-Credential",
  "X-Amz-Security-Token",
  "X-Amz-Signature",
  "X-Goog-Credential",
  "X-Goog-Signature",
];

/**
 * A function that answers a URL, a path with query or an authority (`CONNECT`), with credentials and the values of `names`
 * replaced: in the query, in the fragment, and in URLs that stand in them unencoded.
 */
export function redactor(names: readonly string[]): (url: string) => string {
  const secret = new Set(names.map(normalized));
  return function redact(url) {
    const withoutUser = url.indexOf("@") < 0 ? url : withoutCredentials(url);
    if (secret.size === 0) return withoutUser;
    const start = parametersStart(withoutUser);
    return start < 0 ? withoutUser : redactedParameters(withoutUser, start, secret);
  };
}

/**
 * A text, such as an error's message, with `redact` applied to what looks like a URL in it: a word with "//", a query or fragment, or
 * credentials ("user:password@host"). An address of mail stays. Takes time in proportion to the text's length.
 */
export function redactedText(text: string, redact: (url: string) => string): string {
  if (text.indexOf("@") < 0 && text.indexOf("?") < 0 && text.indexOf("#") < 0) return text;
  return text.replace(WORD, (word) => (isUrlLike(word) ? redact(word) : word));
}

/** Quotes and parentheses may stand in a URL: better to take one too many with it than to leave the end of a secret. */
const WORD = /[^\s"<>`]+/g;

function isUrlLike(word: string): boolean {
  if (word.includes("?") || word.includes("#") || word.includes("//")) return true;
  const colon = word.indexOf(":");
  return colon >= 0 && word.indexOf("@", colon) >= 0;
}

/** `https://user:password@host/` becomes `https://REDACTED:REDACTED@host/`, as often as it occurs. */
function withoutCredentials(url: string): string {
  let result = "";
  let copied = 0;
  for (let start = firstAuthority(url); start >= 0; ) {
    let end = start;
    let at = -1;
    // One scan for both: a search of its own for "@" would look through the whole URL for each "//" of it.
    for (; end < url.length && !isAuthorityEnd(url.charCodeAt(end)); end++) {
      if (url.charCodeAt(end) === 0x40) at = end;
    }
    if (at >= 0) {
      result += `${url.slice(copied, start)}${REDACTED}:${REDACTED}`;
      copied = at;
    }
    const slashes = url.indexOf("//", end);
    start = slashes < 0 ? -1 : slashes + 2;
  }
  return result + url.slice(copied);
}

/** Behind the first "//", or at 0 where the URL begins with an authority, as CONNECT's does; -1 where it has none. */
function firstAuthority(url: string): number {
  const slashes = url.indexOf("//");
  const scheme = url.indexOf("://");
  if (!isAuthorityEnd(url.charCodeAt(0)) && (scheme < 0 || url.lastIndexOf("@", scheme) >= 0)) return 0;
  return slashes < 0 ? -1 : slashes + 2;
}

function isAuthorityEnd(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23 || code === 0x5c; // / ? # \
}

/** Where the first parameter may begin, or -1. */
function parametersStart(url: string): number {
  const query = url.indexOf("?");
  const fragment = url.indexOf("#");
  if (query < 0) return fragment < 0 ? -1 : fragment + 1;
  return (fragment < 0 ? query : Math.min(query, fragment)) + 1;
}

/** Most URLs have no secret: nothing is made anew before one is found. */
function redactedParameters(url: string, start: number, secret: ReadonlySet<string>): string {
  let result = "";
  let copied = 0;
  for (let at = start; at <= url.length; ) {
    let next = at;
    let equals = -1;
    for (; next < url.length && !isSeparator(url.charCodeAt(next)); next++) {
      if (equals < 0 && url.charCodeAt(next) === 0x3d) equals = next;
    }
    if (equals >= 0 && isSecret(url.slice(at, equals), secret)) {
      result += `${url.slice(copied, equals + 1)}${REDACTED}`;
      copied = next;
    }
    at = next + 1;
  }
  return copied === 0 ? url : result + url.slice(copied);
}

function isSeparator(code: number): boolean {
  return code === 0x26 || code === 0x3b || code === 0x3f || code === 0x23; // & ; ? #
}

/** Whether a parameter's name, or a part of one such as `user[password]` or `token[0]`, is that of a secret. */
function isSecret(name: string, secret: ReadonlySet<string>): boolean {
  const plain = decoded(name);
  if (secret.has(normalized(plain))) return true;
  return plain.includes("[") && plain.split(/[[\]]/).some((part) => part !== "" && secret.has(normalized(part)));
}

/** Lower case and without separators. */
function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.+[\]\s]/g, "");
}

/** Percent-decoded, up to three times over: gateways encode what is encoded already. */
function decoded(name: string): string {
  let result = name;
  for (let i = 0; i < 3 && result.includes("%"); i++) {
    try {
      result = decodeURIComponent(result);
    } catch {
      return result; // Not an encoding: compare it as it stands.
    }
  }
  return result;
}
