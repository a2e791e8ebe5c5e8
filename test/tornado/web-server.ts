// A server of plain node:http for the tests of AsyncHTTPClient: handlers by path, everything closed at the end.

import { once } from "node:events";
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { MemoryReporter, Tracer } from "node-opentracing";
import { initClientTracing } from "#src/tornado/init-client-tracing.js";
import type { TracingOptions } from "#src/tracing.js";
import { certificate } from "../clients/certificate.js";

export type Routes = Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>>;

export interface WebServer {
  /** `http://127.0.0.1:1234`, or https. */
  readonly origin: string;
  /** Each request that came. */
  readonly requests: IncomingMessage[];
}

/** Starts a server, plays, and closes the server whatever happens. What has no route is a 404. */
export async function onServer(
  routes: Routes,
  play: (server: WebServer) => Promise<void>,
  scheme: "http" | "https" = "http",
): Promise<void> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    const route = routes[request.url!.split("?")[0]!];
    if (route === undefined) response.writeHead(404).end("nothing here");
    else route(request, response);
  };
  const server = scheme === "http" ? http.createServer(listener) : https.createServer(certificate, listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    await play({ origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }
}

/** Starts a server of bare connections, plays, and closes it. */
export async function onSockets(
  connected: (socket: net.Socket) => unknown,
  play: (port: number) => Promise<void>,
): Promise<void> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    connected(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    await play((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), "close");
  }
}

/** Plays with AsyncHTTPClient traced. */
export async function traced(
  options: TracingOptions,
  play: (reporter: MemoryReporter) => Promise<void>,
): Promise<void> {
  const reporter = new MemoryReporter();
  const tracing = initClientTracing(new Tracer({ reporter }), options);
  try {
    await play(reporter);
  } finally {
    await tracing.close();
  }
}

/** The body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  return (await request.setEncoding("utf8").toArray()).join("");
}
