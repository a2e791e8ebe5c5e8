// Which servers are traced, and by whom: all of the process, or one alone. Shows their requests to the hosts.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type Socket } from "node:net";
import type { Span } from "opentracing";
import type { HttpTracing } from "../http/http-tracing.ts";
import { noteSessionTimeout, watchCloses } from "../http2-stream.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { startFrameworks } from "./frameworks.ts";
import { isSession, serveStream } from "./http2.ts";
import { isHttp2 } from "./http2-request.ts";
import { failedListener, noteClosedAll, serve, started, TracedHost, takeOver } from "./node-http.ts";
import { noteClientError, noteTimeout } from "./response-end.ts";
import { isResponse, tracedOf } from "./traced-request.ts";

/**
 * Traces every request of every server of node:http, node:https and node:http2, those already listening included. Node is patched once,
 * however often this is called: the latest tracing counts, and undoing it brings back the one before. Servers that are traced
 * alone are left to that.
 */
export function traceServers(tracing: HttpTracing): Undo {
  return everywhere.add(tracing, () => [
    ...patchServer(http.Server.prototype as Server, hostOf),
    ...patchServer(https.Server.prototype as unknown as Server, hostOf),
    // Those of node:http2 inherit from this alone, and can be reached no other way before there is one. Patched after the two,
    // so that theirs are not patched twice.
    patchEmit(net.Server.prototype as Server, http2HostOf),
    watchCloses(),
  ]);
}

/**
 * Traces the requests of one server, by the settings of this tracing alone: nothing else in the process is patched, and
 * `initTracing` leaves the server to it. Called again for the same server, the latest counts until it is undone, which
 * `tracing.close()` does too.
 *
 *     const undo = traceServer(server, new Tracing(tracer, { tracedAttributes: ["method"] }));
 *
 * @throws TypeError where `server` is no server, or `tracing` no Tracing object
 */
export function traceServer(server: object, tracing: { readonly http: HttpTracing }): Undo {
  const target = server as Server;
  if (typeof (server as Partial<Server> | null)?.emit !== "function") {
    throw new TypeError(
      "traceServer(server, tracing): the server must be a server of node:http, node:https or node:http2",
    );
  }
  if (typeof tracing?.http?.redact !== "function") {
    throw new TypeError("traceServer(server, tracing): the tracing must be a Tracing object: new Tracing(tracer)");
  }
  if (target[OWN] === undefined) Object.defineProperty(target, OWN, { value: new HostStack(), enumerable: false });
  const undo = target[OWN]!.add(tracing.http, () => patchServer(target, ownHostOf));
  tracing.http.begun(undo);
  return undo;
}

/**
 * Starts the span of a request that no patched server has shown us, for the plug-in form of a framework; the response ends it.
 * Answers the span, the one that there is already where there is one, or undefined where the request is not traced. The
 * caller runs the application in it.
 */
export function beginRequest(
  tracing: HttpTracing,
  request: IncomingMessage,
  response: ServerResponse,
): Span | undefined {
  const known = tracedOf(request);
  if (known !== undefined) return known.span;
  if (!isResponse(response)) return undefined;
  let host = plugged.get(tracing);
  if (host === undefined) {
    host = new TracedHost(tracing);
    plugged.set(tracing, host);
    tracing.begun();
  }
  const server = (request.socket as { server?: Server } | null)?.server;
  if (typeof server?.emit !== "function") return started(host, {} as Server, request, response);
  if (server[OWN] === undefined && !watched.has(server)) {
    // It starts no spans, but sees why connections end.
    watched.add(server);
    patchServer(server, () => undefined);
  }
  return started(host, server, request, response);
}

const plugged = new WeakMap<HttpTracing, TracedHost>();
const watched = new WeakSet<Server>();

/** Those that trace one place, a server or the whole process. The latest counts; the patch is there while there are any. */
class HostStack {
  readonly #hosts: TracedHost[] = [];
  #unpatch: Undo | undefined;
  readonly #patched = new Set<object>();
  /** Undefined when empty: a patch that somebody has patched over is a plain call then. */
  current: TracedHost | undefined;

  add(tracing: HttpTracing, patchAll: () => Undo[]): Undo {
    const host = new TracedHost(tracing);
    this.#hosts.push(host);
    this.current = host;
    const stopFrameworks = startFrameworks(tracing);
    this.#unpatch ??= undoAll(patchAll());
    return () => {
      const at = this.#hosts.indexOf(host);
      if (at < 0) return;
      stopFrameworks();
      this.#hosts.splice(at, 1);
      this.current = this.#hosts.at(-1);
      if (this.current !== undefined) return;
      this.#unpatch?.();
      this.#unpatch = undefined;
      this.#patched.clear();
    };
  }

  /** Patches what was found only now, until the rest is undone too. */
  patchOnce(target: Server, patchIt: (target: Server) => Undo): void {
    if (this.#unpatch === undefined || this.#patched.has(target)) return;
    this.#patched.add(target);
    this.#unpatch = undoAll([this.#unpatch, patchIt(target)]);
  }
}

const everywhere = new HostStack();

const OWN: unique symbol = Symbol("node-opentracing.own");
/** What a server's EventEmitter with `captureRejections` calls when a listener's promise rejects. */
const REJECTED: unique symbol = Symbol.for("nodejs.rejection") as never;

type Server = http.Server & { [OWN]?: HostStack };
type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;
type Patched = {
  emit: Emit;
  closeAllConnections?: (this: Server) => void;
  [REJECTED]?: (this: Server, error: unknown, event: string | symbol, ...args: unknown[]) => void;
};

/** Who traces a server by way of its prototype: nobody, where it is traced alone. */
function hostOf(server: Server): TracedHost | undefined {
  return server[OWN]?.current === undefined ? everywhere.current : undefined;
}

/** The same for node:http2's, which are known by a method; what else listens on sockets is no server of HTTP. */
function http2HostOf(server: Server): TracedHost | undefined {
  if (typeof (server as { updateSettings?: unknown }).updateSettings !== "function") return undefined;
  const host = hostOf(server);
  if (host !== undefined) everywhere.patchOnce(prototypeOf(server), patchRejections);
  return host;
}

/** Where a server's class says what becomes of rejections. */
function prototypeOf(server: Server): Server {
  let prototype = Object.getPrototypeOf(server);
  while (prototype !== null && !Object.hasOwn(prototype, REJECTED)) prototype = Object.getPrototypeOf(prototype);
  return prototype ?? server;
}

function ownHostOf(server: Server): TracedHost | undefined {
  return server[OWN]!.current;
}

function patchServer(server: Server, hostFor: (server: Server) => TracedHost | undefined): Undo[] {
  const target = server as unknown as Patched;
  const { closeAllConnections } = target;
  const undos = [patchEmit(server, hostFor), patchRejections(server)];
  if (closeAllConnections !== undefined) {
    undos.push(
      patch(target, "closeAllConnections", function tracedCloseAllConnections() {
        noteClosedAll(this);
        return closeAllConnections.call(this);
      }),
    );
  }
  return undos;
}

function patchEmit(server: Server, hostFor: (server: Server) => TracedHost | undefined): Undo {
  const target = server as unknown as Patched;
  const { emit } = target;
  return patch(target, "emit", function tracedEmit(event, first, second) {
    switch (event) {
      case "request":
      case "checkContinue":
      case "checkExpectation": {
        const host = hostFor(this);
        if (host === undefined) break;
        return serve(host, this, emit, arguments, first as IncomingMessage, second);
      }
      case "upgrade":
      case "connect": {
        const host = hostFor(this);
        if (host === undefined) break;
        // Over HTTP/2 it is a stream that is taken over, and its end is as any other's.
        if (isHttp2(first as object)) return serve(host, this, emit, arguments, first as IncomingMessage, second);
        return takeOver(host, this, emit, arguments, first as IncomingMessage, second as Socket);
      }
      case "stream": {
        const host = hostFor(this);
        if (host === undefined) break;
        return serveStream(host, this, emit, arguments, first, second);
      }
      case "timeout":
        if (isSession(first)) noteSessionTimeout(first);
        else noteTimeout(first as Socket | undefined);
        break;
      case "clientError":
        noteClientError(second as Socket | undefined, first as Error, this.listenerCount("clientError") === 0);
        break;
    }
    return Reflect.apply(emit, this, arguments);
  });
}

function patchRejections(server: Server): Undo {
  const target = server as unknown as Patched;
  const { [REJECTED]: rejected } = target;
  if (rejected === undefined) return () => {};
  return patch(target, REJECTED, function tracedRejection(error, event, ...args) {
    if (event === "request" || event === "stream") failedListener(args[0] as object, error);
    return rejected.call(this, error, event, ...args);
  });
}
