// Tornado's Application: routes, settings, and the servers it listens with.

import { errorMonitor } from "node:events";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { ApplicationTracing, type OpenTracingSettings } from "./application-tracing.ts";
import { execute } from "./execution.ts";
import { HTTPError } from "./http-error.ts";
import { HTTPServerRequest, pathOf } from "./http-server-request.ts";
import { RequestHandler } from "./request-handler.ts";
import { type Route, Routes, routedTo, type Target } from "./routes.ts";

/** A subclass of RequestHandler. */
export type HandlerClass = new (application: Application, request: HTTPServerRequest) => RequestHandler;

/** Settings of an application; handlers find them, and any of your own, as `this.settings`. */
export interface ApplicationSettings extends OpenTracingSettings {
  /** Bytes that a request's body may have; a longer one is answered with 413. 104857600 (100 MiB) by default. */
  readonly maxBodySize?: number | undefined;
  /** Whether error pages show the stack of what was thrown. False by default. */
  readonly serveTraceback?: boolean | undefined;
  /** Serves requests that no route matches, in place of a plain 404. */
  readonly defaultHandlerClass?: HandlerClass | undefined;
  /** What its `initialize` gets. */
  readonly defaultHandlerArgs?: object | undefined;
  readonly [name: string]: unknown;
}

const MAX_BODY_SIZE = 100 * 1024 * 1024;

/** Routes requests to handlers. */
export class Application {
  /** As given; `opentracingTracing` is always there. */
  readonly settings: ApplicationSettings;
  readonly #routes: Routes;
  readonly #default: Target;
  readonly #limit: number;
  readonly #tracing: ApplicationTracing;
  readonly #servers = new Map<Server, Listening>();

  /** @throws TypeError for what is no route, and for wrong settings, saying what to write instead */
  constructor(routes: readonly Route[] = [], settings: ApplicationSettings = {}) {
    this.#routes = new Routes(routes);
    this.#tracing = new ApplicationTracing(settings);
    this.settings = { ...settings, opentracingTracing: this.#tracing.given };
    this.#limit = bytes(settings.maxBodySize);
    const Default = settings.defaultHandlerClass ?? ErrorHandler;
    this.#default = {
      Handler: Default,
      initialize: settings.defaultHandlerArgs,
      routed: routedTo(Default),
      groups: [],
      named: undefined,
    };
  }

  /**
   * Starts an HTTP server. Like Node's, it listens a moment later ("listening"), and tells errors by "error".
   *
   * @param address all addresses by default
   */
  listen(port: number, address?: string): Server {
    const server = this.attach(http.createServer());
    const listening = new Promise<void>((resolve) => server.once("listening", resolve));
    const ended = new Promise<void>((resolve) => {
      server.once("close", resolve);
      // Not "error": a listener of that would keep a port in use from ending the process.
      server.on(errorMonitor as unknown as string, () => void (server.listening || resolve()));
    });
    this.#servers.set(server, { listening, ended, connections: connectionsOf(server) });
    void ended.then(() => this.#servers.delete(server));
    return server.listen(port, address);
  }

  /**
   * Serves the requests of a server of your own, which you start and close: `app.attach(https.createServer(options)).listen(443)`.
   * Answers the server.
   */
  attach<S extends Server | HttpsServer>(server: S): S {
    server.on("request", (req: IncomingMessage, res: ServerResponse) => this.#serve(req, res));
    this.#tracing.attached(server as Server);
    return server;
  }

  /**
   * Stops listening, waits for open requests, and sends the spans that have finished. Connections on which nothing ever came
   * are closed at once.
   */
  async close(): Promise<void> {
    const servers = [...this.#servers].map(async ([server, { listening, ended, connections }]) => {
      // With an address to be looked up it listens later, and would not be stopped now.
      await Promise.race([listening, ended]);
      await soon(); // what has come by now has been read then, and is no idle connection's any more
      // Connections that are kept alive shall end right after their last request, however soon a client has another.
      server.keepAliveTimeout = 1;
      server.prependListener("request", (_request, response) => {
        response.shouldKeepAlive = false;
      });
      server.close();
      // Node waits for those that never sent anything too, for ever.
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
      await ended;
    });
    await Promise.all(servers);
    await this.#tracing.close();
  }

  #serve(req: IncomingMessage, res: ServerResponse): void {
    const target = this.#routes.find(pathOf(req.url ?? "/")) ?? this.#default;
    const request = new HTTPServerRequest(req, res, target.routed);
    this.#tracing.run(request, () => {
      return execute(this.#handler(target.Handler, request), target, this.#limit);
    });
  }

  #handler(Handler: HandlerClass, request: HTTPServerRequest): RequestHandler {
    try {
      return new Handler(this, request);
    } catch (error) {
      return Object.assign(new BrokenHandler(this, request), { error });
    }
  }
}

/** A server that was started here, until it has ended. */
interface Listening {
  readonly listening: Promise<void>;
  readonly ended: Promise<void>;
  /** Those that are open. */
  readonly connections: ReadonlySet<Socket>;
}

/** Resolves a whole turn of the event loop later. */
function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function connectionsOf(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return open;
}

/** Stands in for a handler whose constructor threw. */
class BrokenHandler extends RequestHandler {
  error: unknown;
  override prepare(): never {
    throw this.error;
  }
}

/** Answers every request with 404. */
class ErrorHandler extends RequestHandler {
  override prepare(): never {
    throw new HTTPError(404);
  }
}

function bytes(value: unknown = MAX_BODY_SIZE): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new TypeError(`new Application(routes, settings): maxBodySize must be a number of bytes, not ${String(value)}`);
}
