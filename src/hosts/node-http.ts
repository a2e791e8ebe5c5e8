// node:http and node:https servers: shows every request to the server handler and runs the application in its span.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Span } from "opentracing";
import type { HttpTracing } from "../http/http-tracing.ts";
import { type ServerAdapter, ServerHandler } from "../http/server-handler.ts";
import { patch, type Undo, undoAll } from "../patch.ts";
import { isResponse, type Owner, spanOf, watch } from "./request-span.ts";
import { failureOf, noteClientError, noteTimeout, statusOf } from "./response-end.ts";
import { upgraded } from "./upgrade.ts";

/** How node:http requests are read. */
export const NODE_HTTP: ServerAdapter<IncomingMessage> = {
  component: "node:http",
  method: (request) => request.method ?? "GET",
  url: (request) => request.url ?? "/",
  scheme: (request) => ((request.socket as { encrypted?: boolean } | null)?.encrypted ? "https" : "http"),
  headers: (request) => request.headers,
};

/**
 * Traces every request of every node:http and node:https server, those already listening included. Node is patched once,
 * however often this is called: the latest tracing counts, and undoing it brings back the one before.
 */
export function traceNodeHttp(tracing: HttpTracing): Undo {
  const host = new TracedHost(tracing);
  hosts.push(host);
  unpatch ??= undoAll([...patchServer(http.Server.prototype), ...patchServer(https.Server.prototype)]);
  return function undo() {
    const at = hosts.indexOf(host);
    if (at < 0) return;
    hosts.splice(at, 1);
    if (hosts.length > 0) return;
    unpatch?.();
    unpatch = undefined;
  };
}

/** What is on now, the latest last. Empty: a patch that somebody has patched over is a plain call of the original. */
const hosts: TracedHost[] = [];
let unpatch: Undo | undefined;

class TracedHost {
  readonly tracing: HttpTracing;
  readonly handler: ServerHandler<IncomingMessage>;
  constructor(tracing: HttpTracing) {
    this.tracing = tracing;
    this.handler = new ServerHandler(tracing, NODE_HTTP);
  }
}

/** One server under one tracing, until `closeAllConnections`: those of its requests that are open then know by it. */
class TracedServer implements Owner {
  readonly host: TracedHost;
  closedAll = false;
  constructor(host: TracedHost) {
    this.host = host;
  }

  ended(response: ServerResponse, span: Span): void {
    this.host.handler.sent(span, statusOf(response), failureOf(response, this.closedAll));
  }
}

const SERVER: unique symbol = Symbol("node-opentracing.server");
type Server = http.Server & { [SERVER]?: TracedServer };
type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;
type Patched = { emit: Emit; closeAllConnections: (this: Server) => void; [REJECTED]?: Rejected };

/** What an EventEmitter with `captureRejections` calls when a listener's promise rejects. */
const REJECTED: unique symbol = Symbol.for("nodejs.rejection") as never;
type Rejected = (this: Server, error: unknown, event: string | symbol, ...args: unknown[]) => void;

function patchServer(prototype: object): Undo[] {
  const target = prototype as Patched;
  const { emit, closeAllConnections, [REJECTED]: rejected } = target;
  const undos = [
    patch(target, "emit", function tracedEmit(event, first, second) {
      const host = hosts[hosts.length - 1];
      if (host !== undefined) {
        switch (event) {
          case "request":
          case "checkContinue":
          case "checkExpectation":
            return serve(host, this, emit, arguments, first as IncomingMessage, second);
          case "upgrade":
          case "connect":
            return takeOver(host, this, emit, arguments, first as IncomingMessage, second as Socket);
          case "timeout":
            noteTimeout(first as Socket | undefined);
            break;
          case "clientError":
            noteClientError(second as Socket | undefined, first as Error, this.listenerCount("clientError") === 0);
            break;
        }
      }
      return Reflect.apply(emit, this, arguments);
    }),
    patch(target, "closeAllConnections", function tracedCloseAllConnections() {
      const server = this[SERVER];
      if (server !== undefined) {
        server.closedAll = true;
        this[SERVER] = undefined as never;
      }
      return closeAllConnections.call(this);
    }),
  ];
  if (rejected !== undefined) {
    undos.push(
      patch(target, REJECTED, function tracedRejection(error, event, ...args) {
        const span = event === "request" ? spanOf(args[0] as object) : undefined;
        if (span !== undefined) hosts.at(-1)?.handler.failed(span, error);
        return rejected.call(this, error, event, ...args);
      }),
    );
  }
  return undos;
}

/** `args` are those of `emit`, handed on as they came: an application may emit these events with any. */
function serve(
  host: TracedHost,
  server: Server,
  emit: Emit,
  args: IArguments,
  request: IncomingMessage,
  response: unknown,
): boolean {
  // A request that is shown again (checkContinue and then request, or by another server) keeps its span.
  const span = spanOf(request) ?? (isResponse(response) ? started(host, server, request, response) : undefined);
  return host.tracing.scope.run(span, emitInSpan, emit, server, args, span, host.handler);
}

function started(
  host: TracedHost,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Span | undefined {
  if (!host.tracing.traceAll) return undefined;
  const span = host.handler.received(request);
  if (span === undefined) return undefined;
  watch(request, response, span, tracedServer(host, server));
  return span;
}

function tracedServer(host: TracedHost, server: Server): TracedServer {
  const known = server[SERVER];
  if (known !== undefined && known.host === host) return known;
  const traced = new TracedServer(host);
  Object.defineProperty(server, SERVER, { value: traced, configurable: true, enumerable: false, writable: true });
  return traced;
}

function takeOver(
  host: TracedHost,
  server: Server,
  emit: Emit,
  args: IArguments,
  request: IncomingMessage,
  socket: Socket | undefined,
): boolean {
  const isTraced = host.tracing.traceAll && typeof socket?.once === "function";
  const span = spanOf(request) ?? (isTraced ? upgraded(host.handler, request, socket) : undefined);
  return host.tracing.scope.run(span, emitInSpan, emit, server, args, span, host.handler);
}

function emitInSpan(
  emit: Emit,
  server: Server,
  args: IArguments,
  span: Span | undefined,
  handler: ServerHandler<IncomingMessage>,
): boolean {
  try {
    return Reflect.apply(emit, server, args);
  } catch (error) {
    if (span !== undefined) handler.failed(span, error);
    throw error;
  }
}
