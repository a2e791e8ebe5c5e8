import { once } from "node:events";
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import { MemoryReporter, Tracer, Tracing, type TracingOptions } from "node-opentracing";
import { traceServers } from "#src/hosts/servers.js";

export interface Play {
  readonly server: Http2Server | Http2SecureServer;
  readonly reporter: MemoryReporter;
  readonly tracing: Tracing;
  readonly session: ClientHttp2Session;
  readonly origin: string;
  /** The client's bare connection. */
  readonly socket: Socket;
}

export interface Setup {
  readonly options?: TracingOptions;
  readonly server?: Http2Server | Http2SecureServer;
  /** How to trace. By default everything. */
  readonly trace?: (tracing: Tracing, server: Http2Server | Http2SecureServer) => () => void;
}

/** Traces a server, lets `prepare` set it up, and connects to it. */
export async function play(
  prepare: (server: Http2Server | Http2SecureServer, tracing: Tracing) => void,
  act: (play: Play) => Promise<void>,
  { options, server = http2.createServer(), trace = (tracing) => traceServers(tracing.http) }: Setup = {},
): Promise<void> {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }), options);
  const undo = trace(tracing, server);
  prepare(server, tracing);
  server.on("session", (session) => session.on("error", () => {}));
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const isSecure = server instanceof Object.getPrototypeOf(https.Server);
  const origin = `${isSecure ? "https" : "http"}://127.0.0.1:${port}`;
  const socket = net.connect(port, "127.0.0.1");
  const session = http2.connect(origin, isSecure ? { rejectUnauthorized: false } : { createConnection: () => socket });
  session.on("error", () => {});
  try {
    await act({ server, reporter, tracing, session, origin, socket });
  } finally {
    undo();
    session.destroy();
    socket.destroy();
    for (const one of sockets) one.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Asks, and reads the answer to its end, whichever it is. */
export async function get(
  session: ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
): Promise<string> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return read(stream);
}

export async function read(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  stream
    .on("error", () => {})
    .on("data", (chunk) => {
      text += chunk;
    });
  await new Promise((resolve) => stream.on("close", resolve));
  return text;
}

type OnRequest = (request: Http2ServerRequest, response: Http2ServerResponse) => unknown;
type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => unknown;
export const requests = (listener: OnRequest) => (server: Http2Server | Http2SecureServer) =>
  void server.on("request", listener);
export const streams = (listener: OnStream) => (server: Http2Server | Http2SecureServer) =>
  void server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    return listener(stream, headers);
  });
