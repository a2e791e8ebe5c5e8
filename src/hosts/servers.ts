// Which servers are traced, and by whom: all of the process, or one alone. Shows their requests to the hosts.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type Socket } from "node:net";
import type { Span } from "opentracing";
import { type HttpTracing, isOfTracing } from "../http/http-tracing.ts";
import { watchCloses } from "../http2-stream.ts";
import { type Undo, undoAll } from "../patch.ts";
import { startFrameworks } from "./frameworks.ts";
import { isHttp2 } from "./http2/request.ts";
import { serveStream } from "./http2/streams.ts";
import { watchListen } from "./listening.ts";
import { serve, started, TracedHost, takeOver } from "./node-http.ts";
import type { Server } from "./server-notes.ts";
import { type Emit, seeNothing, watchEvents, watchRejections, watchServer, watchServers } from "./server-watch.ts";
import { isResponse, tracedBy, tracedOf } from "./traced-request.ts";

/**
 * Traces every request of every server of node:http, node:https and node:http2, those already listening included. Node is patched once,
 * however often this is called: the latest tracing counts, and undoing it brings back the one before. Servers that are traced
 * alone are left to that.
 */
export function traceServers(tracing: HttpTracing): Undo {
  return everywhere.add(tracing, () => [
    watchServers(http.Server.prototype, see),
    watchServers(https.Server.prototype, see),
    // Those of node:http2 inherit from this alone, and can be reached no other way before there is one. Patched after the two,
    // so that theirs are not patched twice.
    watchEvents(net.Server.prototype, seeHttp2),
    watchListen(net.Server.prototype, (server) => (isHttp(server) ? hostOf(server)?.tracing : undefined)),
    watchCloses(),
  ]);
}

/**
 * Traces the requests of one server, by the settings of this tracing alone: nothing else of Node is patched, and
 * `initTracing` leaves the server to it. Called again for the same server, the latest counts until it is undone, which
 * `tracing.close()` does too.
 *
 *     const undo = traceServer(server, new Tracing(tracer, { tracedAttributes: ["method"] }));
 *
 * @throws TypeError where `server` is no server, or `tracing` no Tracing object
 */
export function traceServer(server: object, tracing: { readonly http: HttpTracing }): Undo {
  const target = server as OwnServer;
  if (!isServer(server)) {
    throw new TypeError(
      "traceServer(server, tracing): the server must be a server of node:http, node:https or node:http2; " +
        "of an application, write what app.listen() returns, or app.server",
    );
  }
  if (!isOfTracing(tracing)) {
    throw new TypeError("traceServer(server, tracing): the tracing must be a Tracing object: new Tracing(tracer)");
  }
  if (target[OWN] === undefined) Object.defineProperty(target, OWN, { value: new HostStack(), enumerable: false });
  const undo = target[OWN]!.add(tracing.http, () => [
    watchServer(target, seeOwn),
    watchListen(target, () => target[OWN]!.current?.tracing),
  ]);
  tracing.http.begun(undo);
  return undo;
}

/** Whether it is a server of Node's, and no application, which may be an emitter too. */
export function isServer(value: unknown): value is Server {
  const { emit, getConnections } = (value ?? {}) as Partial<Server>;
  return typeof emit === "function" && typeof getConnections === "function";
}

/**
 * Starts the span of a request that no patched server has shown us, for the plug-in form of a framework; the response ends it.
 * Answers the span, the one that there is already where there is one, or undefined where the request is not traced, as upgrades
 * are not. The caller runs the application in it.
 */
export function beginRequest(
  tracing: HttpTracing,
  request: IncomingMessage,
  response: ServerResponse,
): Span | undefined {
  const known = tracedOf(request) ?? tracedBy(response, request);
  if (known !== undefined) return known.span;
  // Some packages run the application for a request that took its connection over, with a response that goes nowhere.
  if ((request as { upgrade?: unknown }).upgrade === true || !isResponse(response)) return undefined;
  let host = plugged.get(tracing);
  if (host === undefined) {
    host = new TracedHost(tracing);
    plugged.set(tracing, host);
    tracing.begun();
  }
  const server = (request.socket as { server?: OwnServer } | null)?.server;
  if (typeof server?.emit !== "function") return started(host, undefined, request, response);
  if (server[OWN]?.current === undefined && !watched.has(server)) {
    // It starts no spans, but notes why connections end.
    watched.add(server);
    watchServer(server, seeNothing);
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
  patchOnce(prototype: object, patchIt: (prototype: object) => Undo): void {
    if (this.#unpatch === undefined || this.#patched.has(prototype)) return;
    this.#patched.add(prototype);
    this.#unpatch = undoAll([this.#unpatch, patchIt(prototype)]);
  }
}

const everywhere = new HostStack();

const OWN: unique symbol = Symbol("node-opentracing.own");
type OwnServer = Server & { [OWN]?: HostStack };

/** For the classes of node:http and node:https. */
function see(server: OwnServer, emit: Emit, args: IArguments): boolean {
  return seenBy(hostOf(server), server, emit, args);
}

/** For node:http2's, which are known by a method; what else listens on sockets is no server of HTTP. */
function seeHttp2(server: OwnServer, emit: Emit, args: IArguments): boolean {
  if (!isHttp2Server(server)) return seeNothing(server, emit, args);
  const host = hostOf(server);
  if (host !== undefined) everywhere.patchOnce(Object.getPrototypeOf(server) as object, watchRejections);
  return seenBy(host, server, emit, args);
}

function isHttp2Server(server: object): boolean {
  return typeof (server as { updateSettings?: unknown }).updateSettings === "function";
}

function isHttp(server: object): boolean {
  return server instanceof http.Server || server instanceof https.Server || isHttp2Server(server);
}

/** For a server that is traced alone. */
function seeOwn(server: OwnServer, emit: Emit, args: IArguments): boolean {
  return seenBy(server[OWN]!.current, server, emit, args);
}

/** Who traces a server by way of its class: nobody, where it is traced alone. */
function hostOf(server: OwnServer): TracedHost | undefined {
  return server[OWN]?.current === undefined ? everywhere.current : undefined;
}

function seenBy(host: TracedHost | undefined, server: Server, emit: Emit, args: IArguments): boolean {
  if (host === undefined) return seeNothing(server, emit, args);
  const event: unknown = args[0];
  if (event === "stream") return serveStream(host, server, emit, args, args[1], args[2]);
  // Over HTTP/2 it is a stream that an upgrade takes over, and its end is as any other's.
  if ((event === "upgrade" || event === "connect") && !isHttp2(args[1] as object)) {
    return takeOver(host, server, emit, args, args[1] as IncomingMessage, args[2] as Socket);
  }
  return serve(host, server, emit, args, args[1] as IncomingMessage, args[2]);
}
