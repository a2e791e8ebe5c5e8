// Reads the arguments of fetch, and adds headers to a copy of them.

import type { OutgoingRequest } from "../http/client-handler.ts";

export type FetchArguments = Parameters<typeof globalThis.fetch>;

/** The request that the arguments describe, undefined where it does not go over HTTP (`data:`, `blob:`). Never throws. */
export function readFetch([input, init]: FetchArguments): OutgoingRequest | undefined {
  try {
    const isRequest = typeof input === "object" && "url" in input;
    const url = normalized(isRequest ? input.url : String(input));
    if (url === undefined) return undefined;
    const method = init?.method ?? (isRequest ? input.method : "GET");
    return { component: "fetch", method: String(method).toUpperCase(), url, source: input };
  } catch {
    return undefined; // arguments that fetch will refuse: let it say so
  }
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
    const request = input instanceof Request ? input : undefined;
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
