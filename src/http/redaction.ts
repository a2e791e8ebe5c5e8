// Keeps secrets out of URLs before they become tags: one list for servers and clients.

/** What takes the place of a secret, as OpenTelemetry's `url.full` and `url.query` have it. */
const REDACTED = "REDACTED";

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

/** A function that answers a URL, or a path with query, with credentials and the values of `names` replaced. */
export function redactor(names: readonly string[]): (url: string) => string {
  const secret = new Set(names.map(normalized));
  return function redact(url) {
    const withoutUser = url.indexOf("@") < 0 ? url : withoutCredentials(url);
    const query = withoutUser.indexOf("?");
    if (query < 0 || secret.size === 0) return withoutUser;
    return redactedQuery(withoutUser, query + 1, secret);
  };
}

/** `https://user:password@host/` becomes `https://REDACTED:REDACTED@host/`. */
function withoutCredentials(url: string): string {
  const scheme = url.indexOf("://");
  if (scheme < 0) return url;
  let end = scheme + 3;
  while (end < url.length && !isAuthorityEnd(url.charCodeAt(end))) end++;
  const at = url.lastIndexOf("@", end - 1);
  if (at < scheme + 3) return url;
  return `${url.slice(0, scheme + 3)}${REDACTED}:${REDACTED}${url.slice(at)}`;
}

function isAuthorityEnd(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23 || code === 0x5c; // / ? # \
}

function redactedQuery(url: string, start: number, secret: ReadonlySet<string>): string {
  const fragment = url.indexOf("#", start);
  const end = fragment < 0 ? url.length : fragment;
  let result = url.slice(0, start);
  let at = start;
  while (at <= end) {
    let next = at;
    while (next < end && url.charCodeAt(next) !== 0x26 && url.charCodeAt(next) !== 0x3b) next++; // & ;
    const equals = url.indexOf("=", at);
    if (equals >= at && equals < next && secret.has(normalized(url.slice(at, equals)))) {
      result += `${url.slice(at, equals + 1)}${REDACTED}`;
    } else {
      result += url.slice(at, next);
    }
    if (next < end) result += url[next];
    at = next + 1;
  }
  return fragment < 0 ? result : result + url.slice(fragment);
}

/** Lower case, percent-decoded, and without separators. */
function normalized(name: string): string {
  let decoded = name;
  if (name.includes("%")) {
    try {
      decoded = decodeURIComponent(name);
    } catch {
      // Not an encoding: compare it as it stands.
    }
  }
  return decoded.toLowerCase().replace(/[-_.+[\]]/g, "");
}
