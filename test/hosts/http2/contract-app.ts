// The server contract's application in node:http2: plain and TLS, by the compatibility API and by streams.

import { EventEmitter, once } from "node:events";
import http2, {
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { Tracing } from "node-opentracing";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { KOA_RELEASES, koaApp } from "../koa/contract-app.js";
import { CERTIFICATE } from "../node-http/contract-app.js";

type Api = "compat" | "streams";

function http2Host(secure: boolean, api: Api): ContractHost {
  return {
    name: `node:http2 ${secure ? "tls" : "h2c"} ${api}`,
    component: "node:http2",
    protocol: "h2",
    secure,
    start: (setup) => start(setup, secure, api),
    skip: [...SKIP, ...(secure ? SKIP_SECURE : [])],
  };
}

const NO_ERRORS = "node:http2 knows no errors with a status; a rejection is a 500 whatever it says";
const THROWN = "what a listener throws ends a plain node:http2 process; hard-app.test.ts looks at that";
/** What does not exist over HTTP/2. */
export const NOT_HTTP2 = [
  { test: "end: an HTTP/1.0 request: 200", reason: "HTTP/2 is another protocol" },
  {
    test: "end: an upgrade that is refused: 403",
    reason: "HTTP/2 has no upgrades; its CONNECT is in hard-app.test.ts",
  },
  {
    test: "end: keepAliveTimeout closes an idle connection and touches no span: 200",
    reason: "node:http2 has no keepAliveTimeout",
  },
  {
    test: "end: pipelined requests that wait behind another end with the connection: error=client_disconnect",
    reason: "streams of HTTP/2 do not wait for one another",
  },
];
const SKIP = [
  ...NOT_HTTP2,
  { test: "server request 8: an error with a status below 500 is no error", reason: NO_ERRORS },
  { test: "decorated handler 2: an error with a status below 500 is no error", reason: NO_ERRORS },
  { test: "server request 8: an error that is thrown is logged once, and the span marked", reason: THROWN },
  { test: "decorated handler 2: an error that is thrown is recorded and thrown on", reason: THROWN },
];
const REJECTED = "Http2SecureServer, unlike Http2Server, answers no rejections of its listeners";
const RESET = "Node's TLS client may end its session in order before its socket is reset";
const SKIP_SECURE = [
  {
    test: "server request 8: an error that a promise rejects with is logged once, and the span marked",
    reason: REJECTED,
  },
  { test: "decorated handler 2: a rejection is recorded and passed on", reason: REJECTED },
  { test: "end: the handler fails after the headers: 200 error=Error", reason: REJECTED },
  { test: "decorated handler 3: with traceAll on as well a request gets one span", reason: REJECTED },
  { test: "end: the client resets before the headers: error=connection_reset", reason: RESET },
  { test: "end: the client resets after the headers: 200 error=connection_reset", reason: RESET },
  { test: "end: the client resets while uploading: error=connection_reset", reason: RESET },
];

/** A framework's application behind a server of node:http2, traced with it and by its middleware alone. */
function koaHost(alone: boolean): ContractHost {
  const [release] = KOA_RELEASES;
  return {
    name: `${release!.name} http2${alone ? " alone" : ""}`,
    component: "koa",
    startComponent: "node:http2",
    operationName: (method, route) => `${method} ${route}`,
    protocol: "h2",
    async start(setup) {
      const tracing = new Tracing(setup.tracer, setup.options);
      const undo = alone ? () => {} : traceServers(tracing.http);
      const server = http2.createServer(koaApp(setup, release!, tracing, alone).callback());
      return listening(server, tracing, undo);
    },
    skip: NOT_HTTP2,
  };
}

export const HOSTS: readonly ContractHost[] = [
  http2Host(false, "compat"),
  http2Host(false, "streams"),
  http2Host(true, "compat"),
  http2Host(true, "streams"),
  koaHost(false),
  koaHost(true),
];

async function start(setup: ContractSetup, secure: boolean, api: Api): Promise<ContractApp> {
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = traceServers(tracing.http);
  // Node answers 500 to a listener's rejection where it is asked to capture those.
  EventEmitter.captureRejections = true;
  const server = secure ? http2.createSecureServer(CERTIFICATE) : http2.createServer();
  EventEmitter.captureRejections = false;
  const handler = api === "compat" ? requests(setup) : streams(setup);
  const traced = setup.decorate === undefined ? handler : tracing.trace([...setup.decorate])(handler);
  server.on(api === "compat" ? "request" : "stream", traced);
  return listening(server, tracing, undo);
}

/** Listens, and keeps the sessions, for node:http2 has no `closeAllConnections`. */
export async function listening(
  server: Http2Server | Http2SecureServer,
  tracing: Tracing,
  undo: () => void,
): Promise<ContractApp> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const closeAllConnections = (): void => {
    for (const session of sessions) session.destroy();
  };
  return {
    server: server as object as ContractApp["server"],
    port: (server.address() as AddressInfo).port,
    tracing,
    closeAllConnections,
    async close() {
      server.close();
      closeAllConnections();
      undo();
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function requests({ probe }: ContractSetup): (request: Http2ServerRequest, response: Http2ServerResponse) => unknown {
  return function route(request, response) {
    const [, first, second] = request.url.split("?")[0]!.split("/");
    if (first === "throw") {
      probe(request, response);
      throw contractError();
    }
    return answered(request, response, first!, second!);
  };

  async function answered(
    request: Http2ServerRequest,
    response: Http2ServerResponse,
    first: string,
    second: string,
  ): Promise<void> {
    await probe(request, response);
    switch (first) {
      case "ok":
        response.end("ok");
        break;
      case "items":
        response.end(second);
        break;
      case "status":
        response.writeHead(Number(second)).end();
        break;
      case "upload": {
        let length = 0;
        for await (const chunk of request) length += (chunk as Buffer).length;
        response.end(String(length));
        break;
      }
      case "reject":
        await tick();
        throw contractError();
      case "stream":
        for (const word of ["one ", "two "]) {
          response.write(word);
          await tick();
        }
        response.end("three");
        break;
      case "cut":
        response.write("one", "utf8", () => setImmediate(() => response.destroy()));
        break;
      case "break":
        await new Promise<void>((resolve) => response.write("one", "utf8", () => resolve()));
        await probe(request, response);
        throw contractError();
      case "hold":
        response.write("one");
        break;
      default:
        request.on("error", () => {}).resume();
    }
  }
}

function streams({ probe }: ContractSetup): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => unknown {
  return function route(stream, headers) {
    const [, first, second] = headers[":path"]!.split("?")[0]!.split("/");
    stream.on("error", () => {});
    if (first === "throw") {
      probe(stream, stream);
      throw contractError();
    }
    return answered(stream, first!, second!);
  };

  async function answered(stream: ServerHttp2Stream, first: string, second: string): Promise<void> {
    await probe(stream, stream);
    switch (first) {
      case "ok":
        stream.respond();
        stream.end("ok");
        break;
      case "items":
        stream.respond({ ":status": 200 });
        stream.end(second);
        break;
      case "status":
        stream.respond({ ":status": Number(second) }, { endStream: true });
        break;
      case "upload": {
        let length = 0;
        for await (const chunk of stream) length += (chunk as Buffer).length;
        stream.respond();
        stream.end(String(length));
        break;
      }
      case "reject":
        await tick();
        throw contractError();
      case "stream":
        stream.respond();
        for (const word of ["one ", "two "]) {
          stream.write(word);
          await tick();
        }
        stream.end("three");
        break;
      case "cut":
        stream.respond();
        stream.write("one", () => setImmediate(() => stream.destroy()));
        break;
      case "break":
        stream.respond();
        await new Promise<void>((resolve) => stream.write("one", () => resolve()));
        await probe(stream, stream);
        throw contractError();
      case "hold":
        stream.respond();
        stream.write("one");
        break;
      default:
        stream.resume();
    }
  }
}
