// When to send again: the rules of OTLP over HTTP.

/** The longest pause that a back end can ask for, in milliseconds. */
const MAX_PAUSE = 60_000;
const FIRST_WAIT = 1_000;
const LAST_WAIT = 10_000;

/** Statuses after which the same body may be sent again (OTLP specification, "Failures"). */
export function isRetryable(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

/**
 * Milliseconds to wait after so many failed tries: 1 s, doubled each time up to 10 s, less a random half of it, so that
 * many processes do not come back at once.
 */
export function backOff(tries: number, random: () => number = Math.random): number {
  const longest = Math.min(LAST_WAIT, FIRST_WAIT * 2 ** (tries - 1));
  return longest * (0.5 + random() / 2);
}

/**
 * Milliseconds that a Retry-After header asks for, as seconds or as an HTTP date (RFC 9110, section 10.2.3): one minute at
 * most, 0 where there is none or it cannot be read.
 */
export function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return wait > 0 ? Math.min(wait, MAX_PAUSE) : 0;
}
