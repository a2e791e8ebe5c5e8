// Which servers are traced, and by whom: all of the process, or one alone. Shows their requests to the hosts.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import type { HttpTracing } from "../http/http-tracing.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { startFrameworks } from "./frameworks.ts";
import { failedListener, noteClosedAll, serve, started, TracedHost, takeOver } from "./node-http.ts";
import { noteClientError, noteTimeout } from "./response-end.ts";
import { isResponse, tracedOf } from "./traced-request.ts";

/**
 * Traces every request of every node:http and node:https server, those already listening included. Node is patched once,
 * however often this is called: the latest tracing counts, and undoing it brings back the one before. Servers that are traced
 * alone are left to that.
 */
export function traceServers(tracing: HttpTracing): Undo {
  return everywhere.add(tracing, () => [
    ...patchServer(http.Server.prototype as Server, hostOf),
    ...patchServer(https.Server.prototype as unknown as Server, hostOf),
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
    };
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

function ownHostOf(server: Server): TracedHost | undefined {
  return server[OWN]!.current;
}

function patchServer(server: Server, hostFor: (server: Server) => TracedHost | undefined): Undo[] {
  const target = server as unknown as Patched;
  const { emit, closeAllConnections, [REJECTED]: rejected } = target;
  const undos = [
    patch(target, "emit", function tracedEmit(event, first, second) {
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
          return takeOver(host, this, emit, arguments, first as IncomingMessage, second as Socket);
        }
        case "timeout":
          noteTimeout(first as Socket | undefined);
          break;
        case "clientError":
          noteClientError(second as Socket | undefined, first as Error, this.listenerCount("clientError") === 0);
          break;
      }
      return Reflect.apply(emit, this, arguments);
    }),
  ];
  if (closeAllConnections !== undefined) {
    undos.push(
      patch(target, "closeAllConnections", function tracedCloseAllConnections() {
        noteClosedAll(this);
        return closeAllConnections.call(this);
      }),
    );
  }
  if (rejected !== undefined) {
    undos.push(
      patch(target, REJECTED, function tracedRejection(error, event, ...args) {
        if (event === "request") failedListener(args[0] as object, error);
        return rejected.call(this, error, event, ...args);
      }),
    );
  }
  return undos;
}
