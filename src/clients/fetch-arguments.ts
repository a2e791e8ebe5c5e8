// Reads the arguments of fetch, and adds headers to a copy of them.

import type { OutgoingRequest } from "../http/client-handler.ts";

export type FetchArguments = Parameters<typeof globalThis.fetch>;

/** The request that the arguments describe, undefined where it does not go over HTTP (`data:`, `blob:`). Never throws. */
export function readFetch([input, init]: FetchArguments): OutgoingRequest | undefined {
  try {
    const request = requestIn(input);
    const url = normalized(request === undefined ? String(input) : request.url);
    if (url === undefined) return undefined;
    const method = init?.method ?? request?.method ?? "GET";
    return { component: "fetch", method: normalizedMethod(String(method)), url, source: input };
  } catch {
    return undefined; // arguments that fetch will refuse: let it say so
  }
}

/** A Request, the global one or another undici's: `fetch` may have been replaced by that one's. To fetch, any other object is its text. */
function requestIn(input: FetchArguments[0]): Request | undefined {
  return typeof input === "object" && input !== null && "url" in input && typeof input.clone === "function"
    ? input
    : undefined;
}

/** The methods that fetch makes upper case, as the Fetch Standard has it ("normalize a method"). Others are sent as they are: "patch" is not PATCH. */
const NORMALIZED: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

function normalizedMethod(method: string): string {
  const upper = method.toUpperCase();
  return NORMALIZED.has(upper) ? upper : method;
}

/** The signal by which the caller can abort. Never throws. */
export function signalOf([input, init]: FetchArguments): AbortSignal | undefined {
  try {
    return init?.signal ?? (typeof input === "object" && "signal" in input ? input.signal : undefined);
  } catch {
    return undefined;
  }
}

/**
 * The arguments with `added` in place of headers of the same name, for every hop of the fetch. Changes nothing that the
 * caller handed over, and never throws: answers undefined for arguments that fetch will refuse.
 */
export function withTraceHeaders(
  args: FetchArguments,
  added: Readonly<Record<string, string>>,
): FetchArguments | undefined {
  const [input, init] = args as readonly [FetchArguments[0]?, (Record<string, unknown> | null)?];
  if (input === undefined || (init && typeof init !== "object")) return undefined;
  try {
    const changed = init ? membersOf(init) : {};
    const request = requestIn(input);
    // A Request loses its referrer to options that say anything, and has said nothing so far.
    if (request !== undefined && !MEMBERS.some((name) => changed[name] !== undefined) && keepsReferrer()) {
      changed["referrerPolicy"] = request.referrerPolicy;
      if (request.referrer !== "about:client") changed["referrer"] = request.referrer;
    }
    const given = changed["headers"] === undefined ? request?.headers : changed["headers"];
    const headers = new Headers(given as Headers | undefined);
    for (const name in added) headers.set(name, added[name]!);
    changed["headers"] = headers;
    return [input!, changed];
  } catch {
    return undefined;
  }
}

/** Whether a copy of a Request has its referrer: in some releases of undici 7 (Node 24) it has not, and fetch makes one. */
function keepsReferrer(): boolean {
  if (kept === undefined) {
    const referrer = "http://localhost/";
    kept = new Request(new Request(referrer, { referrer })).referrer === referrer;
  }
  return kept;
}

let kept: boolean | undefined;

/** The members of the Fetch Standard's RequestInit, and undici's own `dispatcher`. */
const MEMBERS: readonly string[] = [
  "method",
  "headers",
  "body",
  "referrer",
  "referrerPolicy",
  "mode",
  "credentials",
  "cache",
  "redirect",
  "integrity",
  "keepalive",
  "signal",
  "window",
  "duplex",
  "dispatcher",
  "priority",
];

/** What fetch will read of its options, inherited or computed as it may be (a Request can be one), each read once. */
function membersOf(init: Record<string, unknown>): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(init)) if (!MEMBERS.includes(name)) members[name] = init[name];
  for (const name of MEMBERS) {
    const value = init[name];
    if (value !== undefined) members[name] = value;
  }
  return members;
}

/** A URL as it will be asked for; as it stands where it cannot be parsed, for that is a failed request too. */
function normalized(url: string): string | undefined {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return url;
  }
  return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : undefined;
}
