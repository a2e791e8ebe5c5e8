// undici's requests, by its diagnostics channels: Node's built-in copy and every copy from npm alike.

import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { isErrored } from "node:stream";
import type { Span } from "opentracing";
import type { ClientHandler } from "../http/client-handler.ts";
import { type Undo, undoAll } from "../patch.ts";
import type { OtherInstrumentation } from "../scope/scope-manager.ts";
import { isUntraced } from "../untraced.ts";
import { Call, REDIRECTS, type UndiciRequest, urlOf, withName } from "./call.ts";
import { Carriers } from "./carriers.ts";
import { watchPending } from "./exchange.ts";
import { isFromPoolQueue } from "./pool-queue.ts";
import { type ErrorMessage, type HeadersMessage, listen } from "./undici-channels.ts";
import { handlerOf, isComposed, isRetried, reasonOf } from "./undici-handler.ts";

/** In place of a call: a fetch that is not to be traced. */
export class Refused {
  /** Whether it has its response. It has no more hops then, but the sockets that it opened keep its context. */
  hasResponse = false;
}

/** In place of a call: one of several fetches has made the hop, and which one is not known. */
const UNKNOWN = "unknown";

/**
 * Tells which call each hop belongs to. The running context alone does not: a request that waited in a pool, a redirect
 * and a retry are all made in the context of some socket, which is that of whoever opened the socket. The global fetch's
 * hops carry its trace headers, which tell exactly. Where nothing tells, a request gets no parent rather than a stranger's.
 */
export class UndiciRequests {
  /** The call in whose making we are, where its headers alone do not tell. Its own storage: the client span is never the active span. */
  readonly #making: AsyncLocalStorage<Call | Refused> = new AsyncLocalStorage();
  readonly #handler: ClientHandler;
  /** Where the call is kept on undici's request. */
  readonly #call: symbol = Symbol("node-opentracing.call");
  /** Whether a hop of the global fetch was ever seen: it is undici's. */
  sawFetch = false;
  /** Calls of fetch whose hops carry their headers. */
  readonly carriers: Carriers = new Carriers();
  /** Calls of fetch whose next hop has not been made yet: queued in a pool, redirected, or to be tried again. */
  readonly #waiting = new Set<Call>();
  /** A redirect response that has just ended: its handler sends the next hop before it returns. */
  #turning: Call | undefined;
  /** The call whose fetch has not returned its promise yet: most first hops are made before that. */
  #beginning: Call | Refused | undefined;
  #stopCreated: Undo | undefined;
  /** How many calls have not ended. */
  #open = 0;
  /** What to do when none is open any more. */
  #whenDone: Undo | undefined;

  constructor(handler: ClientHandler) {
    this.#handler = handler;
  }

  /** Listens to the channels. Does not load undici. What becomes of calls that are open is heard after the undo, too. */
  subscribe(): Undo {
    this.#listenLast();
    // What is started together with us listens by then.
    if (this.#handler.others !== undefined) setImmediate(() => this.#stopCreated && this.#listenLast());
    const unsubscribe = undoAll([
      listen("headers", (message) => this.#received(message as HeadersMessage)),
      listen("trailers", (message) => this.#completed(message.request)),
      listen("error", (message) => this.#broke(message as ErrorMessage)),
    ]);
    return () => {
      this.#stop();
      if (this.#open === 0) unsubscribe();
      else this.#whenDone = undoAll([unsubscribe, watchPending()]);
    };
  }

  /** Begins a call for which a span was started. */
  begin(span: Span, caller: Span | undefined, method: string, isFetch: boolean): Call {
    const call = new Call(this.#handler, span, caller, method, isFetch);
    this.#open++;
    call.exchange.whenEnded = this.#ended;
    return call;
  }

  readonly #ended = (): void => {
    if (--this.#open === 0) this.#whenDone?.();
  };

  /** Calls fetch, so that its hops are known to belong to `call`. */
  make<R>(call: Call | Refused, fetch: (...args: never[]) => R, self: unknown, args: ArrayLike<unknown>): R {
    const { others } = this.#handler;
    const before = this.#beginning;
    this.#beginning = call;
    try {
      return others === undefined || call instanceof Refused
        ? this.#run(call, fetch, self, args)
        : others.without(() => this.#run(call, fetch, self, args));
    } finally {
      this.#beginning = before;
    }
  }

  #run<R>(call: Call | Refused, fetch: (...args: never[]) => R, self: unknown, args: ArrayLike<unknown>): R {
    // Headers tell of all later hops, unless a dispatcher of the caller's takes them away. A second storage in each of fetch's sixty promises
    // would be a quarter of our cost on Node 20.
    const isTold = call instanceof Call && call.carried !== undefined && !hasDispatcher(args[1]);
    return isTold
      ? Reflect.apply<unknown, never[], R>(fetch, self, args as never)
      : this.#making.run(call, Reflect.apply<unknown, never[], R>, fetch, self, args as never);
  }

  /** Others that listen to the same channel come before us, so that we see the headers that they add. */
  #listenLast(): void {
    this.#stop();
    this.#stopCreated = listen("create", (message) => this.#created(message.request));
  }

  #stop(): void {
    this.#stopCreated?.();
    this.#stopCreated = undefined;
  }

  /** Fetch has returned its promise, and its first hop may still be to come. */
  await(call: Call): void {
    if (call.expected !== undefined && call.carried === undefined) this.#waiting.add(call);
  }

  /** Fetch's promise was settled. */
  settled(call: Call): void {
    call.settled = true;
    call.expected = undefined;
    this.#waiting.delete(call);
    this.carriers.delete(call);
  }

  #created(request: UndiciRequest): void {
    // A tunnel through a proxy is part of the request that it is made for. What becomes of an upgrade the channels of
    // undici 6 and 7 do not tell.
    if (isUntraced() || request.method === "CONNECT" || request.upgrade) return;
    const handler = handlerOf(request);
    const url = this.#urlOf(request, handler);
    const call =
      handler instanceof AsyncResource
        ? // These handlers remember the context they were made in, wherever the request has waited since.
          this.#start(request, url, handler.runInAsyncScope(this.#handler.active, this.#handler))
        : (this.carriers.find(request, url, this.#beginning) ?? this.#begun(request, url) ?? this.#told(request, url));
    if (call === undefined) return;
    if (call instanceof Refused) {
      (request as Keyed)[this.#call] = call;
      return;
    }
    if (call.isFetch) this.sawFetch = true;
    this.#waiting.delete(call);
    (request as Keyed)[this.#call] = call;
    call.sent(request, url);
    const { others } = this.#handler;
    if (others !== undefined && !call.isFetch) this.#refuseHeaders(request, others);
  }

  /**
   * The URL that a hop is for. undici's DNS interceptor puts the address that it found in place of the name, and leaves that in the Host
   * header: the name counts, unless a fetch waits for the address.
   */
  #urlOf(request: UndiciRequest, handler: unknown): string {
    const url = urlOf(request);
    const named = isComposed(handler) ? withName(url, request.host) : url;
    if (named === url) return url;
    const call = this.carriers.find(request, url, this.#beginning) ?? this.#beginning ?? this.#making.getStore();
    const isOfAddress = call instanceof Call && (call.url === url || call.expects(request.method, url));
    return isOfAddress || this.#mayAwait(request.method, url) ? url : named;
  }

  /** Others that listen after us would add their trace headers to ours, and two of a name are none to who receives them. */
  #refuseHeaders(request: UndiciRequest, others: OtherInstrumentation): void {
    const { addHeader } = request;
    if (addHeader === undefined) return;
    request.addHeader = (name, value) => {
      if (!others.sends(name)) return addHeader.call(request, name, value);
      this.#listenLast();
      return request;
    };
  }

  /** The call that is being begun, where nothing has kept its first hop for later. */
  #begun(request: UndiciRequest, url: string): Call | undefined {
    const call = this.#beginning;
    return call instanceof Call && isNext(call, request.method, url) ? call : undefined;
  }

  /** The call that the running context tells, or a new one. */
  #told(request: UndiciRequest, url: string): Call | Refused | undefined {
    if (isFromPoolQueue()) {
      return this.#mayAwait(request.method, url) ? undefined : this.#start(request, url, undefined);
    }
    const call = this.#continued(request.method, url);
    return call === undefined ? this.#start(request, url, this.#handler.active()) : call === UNKNOWN ? undefined : call;
  }

  /** Whether this can be a hop of a fetch that has its span already. */
  #mayAwait(method: string, url: string): boolean {
    for (const waiting of this.#waiting) if (waiting.isFetch && waiting.expects(method, url)) return true;
    return false;
  }

  /** The call that a hop continues, undefined where it is a request of its own. */
  #continued(method: string, url: string): Call | Refused | typeof UNKNOWN | undefined {
    const turning = this.#turning;
    if (turning?.expects(method, url)) {
      this.#turning = undefined;
      return turning;
    }
    const making = this.#making.getStore();
    if (making instanceof Call && isNext(making, method, url)) return making;
    const waiting = this.#awaited(method, url);
    return waiting ?? (making instanceof Refused && !making.hasResponse ? making : undefined);
  }

  /** The waiting call that expects this hop. Not known where several fetches do. */
  #awaited(method: string, url: string): Call | typeof UNKNOWN | undefined {
    let fetch: Call | typeof UNKNOWN | undefined;
    for (const waiting of this.#waiting) {
      if (!waiting.expects(method, url)) continue;
      // That of a fetch that we did not see begin counts only where its caller is active, as it is in fetch's own hops.
      if (!waiting.isFetch && waiting.caller === this.#handler.active()) return waiting;
      if (waiting.isFetch) fetch = fetch === undefined ? waiting : UNKNOWN;
    }
    return fetch;
  }

  /** A request that nobody announced: made with undici's own functions. */
  #start(request: UndiciRequest, url: string, caller: Span | undefined): Call | undefined {
    if (this.#handler.others?.hasSent(request.headers)) return undefined;
    const outgoing = { component: "undici", method: request.method, url, source: request };
    const span = this.#handler.sending(outgoing, caller);
    return span === undefined ? undefined : this.begin(span, caller, request.method, false);
  }

  #received({ request, response }: HeadersMessage): void {
    // What is only informational (RFC 9110, section 15.2) is followed by the response. Upgrades have no call.
    if (response.statusCode < 200) return;
    const refused = (request as Keyed)[this.#call];
    if (refused instanceof Refused) refused.hasResponse = !REDIRECTS.has(response.statusCode);
    const call = this.#callOf(request);
    if (call === undefined) return;
    call.received(response.statusCode, response.headers);
    if (call.expected === undefined) return;
    if (call.isFetch) this.await(call);
    else if (!(handlerOf(request) instanceof AsyncResource)) this.#awaitRedirect(call);
  }

  /** undici's fetch sends the next hop in the same turn of the event loop. */
  #awaitRedirect(call: Call): void {
    const { request } = call;
    this.#waiting.add(call);
    setImmediate(() => {
      if (!this.#waiting.delete(call) || call.request !== request) return;
      call.expected = undefined;
      if (call.complete) call.completed();
      else if (call.cutBy !== undefined) call.broke(call.cutBy);
    });
  }

  #completed(request: UndiciRequest): void {
    const call = this.#callOf(request);
    if (call === undefined) return;
    if (call.isFetch || handlerOf(request) instanceof AsyncResource) {
      call.completed();
      return;
    }
    // A composed handler sends a redirect's next hop or a retry, or asks for one, before it returns.
    this.#turning = call;
    if (call.exchange.status! >= 400 && isComposed(handlerOf(request))) {
      call.expected = call.url;
      process.nextTick(() => this.#turned(call, request)); // before the caller's listeners, which may ask for the same again
    }
    queueMicrotask(() => {
      this.#turned(call, request);
      if (call.request !== request || call.retrying) return;
      if (this.#waiting.has(call)) call.complete = true;
      else call.completed();
    });
  }

  /** The handler of a hop that was read to its end has returned: what comes now is no retry of its making. */
  #turned(call: Call, request: UndiciRequest): void {
    if (this.#turning === call) this.#turning = undefined;
    if (call.request === request && !call.retrying && !this.#waiting.has(call)) call.expected = undefined;
  }

  #broke({ request, error }: ErrorMessage): void {
    const call = this.#callOf(request);
    if (call === undefined) return;
    const handler = handlerOf(request);
    const mayRetry = isRetried(error);
    if (mayRetry && call.isFetch && !call.settled) {
      call.expected = call.url;
      this.await(call);
    } else if (mayRetry && isComposed(handler)) {
      call.retrying = true;
      call.expected = call.url;
      call.exchange.suspended(error);
      if (call.isFetch) setImmediate(() => this.#ifNotRetried(call, error));
      // The retry's timer is set before this callback returns, and carries this on to the next attempt.
      this.#making.enterWith(call);
    } else if (!call.isFetch && this.#waiting.has(call)) {
      call.cutBy = error; // undici 8's fetch cuts off what is left of a redirect before it sends the next hop
    } else {
      call.broke(reasonOf(handler) ?? error);
    }
  }

  /** A body that a dispatcher does not try to complete has broken for its reader by now. */
  #ifNotRetried(call: Call, error: unknown): void {
    const { body } = call.exchange;
    if (call.retrying && body instanceof WeakRef && isErrored(body.deref() as object as NodeJS.ReadableStream))
      call.broke(error);
  }

  /** The call whose last hop this is: what becomes of earlier hops no longer matters. */
  #callOf(request: UndiciRequest): Call | undefined {
    const call = (request as Keyed)[this.#call];
    return call instanceof Call && call.request === request ? call : undefined;
  }
}

function hasDispatcher(init: unknown): boolean {
  return (init as { dispatcher?: unknown } | undefined)?.dispatcher !== undefined;
}

/**
 * Whether this is a hop of the call in whose context it is made. That is certain for the first: nothing but the fetch itself
 * runs in that context before. Later hops of a fetch that carries headers are known by those alone,
 * until its promise is kept: then a retry may still fetch the rest of a body.
 */
function isNext(making: Call, method: string, url: string): boolean {
  if (making.exchange.ended) return false;
  if (making.carried !== undefined && making.request !== undefined && !making.retrying) return false;
  if (making.expects(method, url)) return true;
  // A fetch that has no answer yet is tried once more, without a failure that we were told of.
  return making.isFetch && !making.settled && making.url === url && making.isMethod(method);
}

type Keyed = UndiciRequest & { [call: symbol]: Call | Refused | undefined };
