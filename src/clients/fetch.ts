// The global fetch: one span per call, however many hops undici takes for it. Other uses of undici come along.

import { isThenable } from "../guard.ts";
import { ClientHandler } from "../http/client-handler.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { isUntraced } from "../untraced.ts";
import type { Call } from "./call.ts";
import { watchPending } from "./exchange.ts";
import { type FetchArguments, readFetch, signalOf, withTraceHeaders } from "./fetch-arguments.ts";
import { Refused, UndiciRequests } from "./undici.ts";

/**
 * Traces the global `fetch`, and the requests of undici, Node's own or from npm (6 to 8). A span is a child of the active
 * span and never active itself. Nothing is loaded before the application does so.
 */
export function traceFetch(tracing: HttpTracing): Undo {
  const handler = new ClientHandler(tracing);
  const requests = new UndiciRequests(handler);
  return undoAll([watchPending(), requests.subscribe(), wrapFetch(handler, requests)]);
}

function wrapFetch(handler: ClientHandler, requests: UndiciRequests): Undo {
  const original = globalThis.fetch;
  if (typeof original !== "function") return () => {}; // node --no-experimental-fetch
  let stopped = false;

  function fetch(this: unknown, ..._: FetchArguments): Promise<Response> {
    if (stopped) return Reflect.apply(original, this, arguments);
    const given = arguments as unknown as FetchArguments;
    const outgoing = isUntraced() ? undefined : readFetch(given);
    const caller = handler.active();
    const span = outgoing && handler.sending(outgoing, caller);
    if (span === undefined) return requests.make(new Refused(), original, this, given);

    const call = requests.begin(span, caller, outgoing!.method, true);
    call.expected = withoutFragment(outgoing!.url);
    const args = carrying(call, given, requests);
    call.signal = signalOf(args);
    let promise: Promise<Response>;
    try {
      promise = requests.make(call, original, this, args);
    } catch (error) {
      requests.settled(call);
      call.exchange.failed(error);
      throw error;
    }
    if (!isThenable(promise)) {
      requests.settled(call);
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

/** The arguments with trace headers, where every hop may have them or we see each hop; as given otherwise. */
function carrying(call: Call, given: FetchArguments, requests: UndiciRequests): FetchArguments {
  // Headers that a hop must not have are taken away when undici makes it. A fetch that is not undici's cannot be trusted so far.
  if (!call.exchange.handler.sendsEverywhere && !requests.sawFetch) return given;
  const headers = call.headers(call.expected!);
  const args = headers && withTraceHeaders(given, headers);
  if (args === undefined) return given;
  requests.carriers.add(call, headers!);
  return args;
}

/** Answers a promise that settles as `promise` does, and which alone is unhandled if nobody handles it. */
function watch(promise: PromiseLike<Response>, call: Call, requests: UndiciRequests): Promise<Response> {
  const { exchange } = call;
  const followed = promise instanceof Promise ? (promise as Promise<Response>) : Promise.resolve(promise);
  return followed.then(
    (response) => {
      requests.settled(call);
      answered(call, response);
      return response;
    },
    (error: unknown) => {
      requests.settled(call);
      exchange.failed(error);
      throw error;
    },
  );
}

/** The promise was kept. A stand-in from somebody's test may have kept it with anything, which must reach the caller all the same. */
function answered({ exchange, request, complete }: Call, response: Response | undefined): void {
  try {
    exchange.status ??= response?.status;
    const body: unknown = response?.body;
    // Not from the network, as far as undici's channels tell: a mock, or a fetch that is not undici's.
    if (request === undefined || complete) exchange.end();
    else if (typeof body === "object" && body !== null)
      exchange.body = new WeakRef(body as { readonly locked: boolean });
  } catch {
    exchange.end();
  }
}

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}
