// The global fetch: one span per call, however many hops undici takes for it. Other uses of undici come along.

import { ClientHandler, type OutgoingRequest } from "../http/client-handler.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { isUntraced } from "../untraced.ts";
import { Call } from "./call.ts";
import { watchPending } from "./exchange.ts";
import { UNTRACED, UndiciRequests } from "./undici.ts";

/**
 * Traces the global `fetch`, and the requests of undici, Node's own or from npm (6 to 8). A span is a child of the active
 * span and never active itself. Nothing is loaded before the application does so.
 */
export function traceFetch(tracing: HttpTracing): Undo {
  const handler = new ClientHandler(tracing);
  const requests = new UndiciRequests(handler);
  return undoAll([watchPending(), requests.subscribe(), wrapFetch(handler, requests)]);
}

type Fetch = typeof globalThis.fetch;

function wrapFetch(handler: ClientHandler, requests: UndiciRequests): Undo {
  const original = globalThis.fetch;
  if (typeof original !== "function") return () => {}; // node --no-experimental-fetch
  let stopped = false;

  function fetch(this: unknown, ..._: Parameters<Fetch>): Promise<Response> {
    if (stopped) return Reflect.apply(original, this, arguments);
    const outgoing = isUntraced() ? undefined : read(arguments as unknown as Parameters<Fetch>);
    const caller = handler.active();
    const span = outgoing && handler.sending(outgoing, caller);
    if (span === undefined) return requests.making.run(UNTRACED, Reflect.apply, original, this, arguments);

    const call = new Call(handler, span, caller, true);
    call.expected = withoutFragment(outgoing!.url);
    call.signal = signalOf(arguments as unknown as Parameters<Fetch>);
    let promise: Promise<Response>;
    try {
      promise = requests.making.run(call, Reflect.apply, original, this, arguments);
    } catch (error) {
      call.exchange.failed(error);
      throw error;
    }
    if (typeof promise?.then !== "function") {
      call.exchange.end(); // a stand-in from somebody's test
      return promise;
    }
    requests.await(call);
    return watch(promise, call, requests);
  }
  Object.defineProperty(fetch, "length", { value: original.length });
  const undo = patch(globalThis, "fetch", fetch);
  return function stop() {
    stopped = true;
    undo();
  };
}

/** Answers a promise that settles as `promise` does, and which alone is unhandled if nobody handles it. */
function watch(promise: Promise<Response>, call: Call, requests: UndiciRequests): Promise<Response> {
  const { exchange } = call;
  return promise.then(
    (response) => {
      const unseen = call.request === undefined;
      requests.settled(call);
      exchange.status ??= response.status;
      // Not from the network, as far as undici's channels tell: a mock, or a fetch that is not undici's.
      if (unseen || call.complete) exchange.end();
      else if (response.body) exchange.body = new WeakRef(response.body);
      return response;
    },
    (error: unknown) => {
      requests.settled(call);
      exchange.failed(error);
      throw error;
    },
  );
}

/** The request that fetch's arguments describe, undefined where it does not go over HTTP (`data:`, `blob:`). */
function read([input, init]: Parameters<Fetch>): OutgoingRequest | undefined {
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

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}

function signalOf([input, init]: Parameters<Fetch>): AbortSignal | undefined {
  return init?.signal ?? (typeof input === "object" && "signal" in input ? input.signal : undefined);
}
