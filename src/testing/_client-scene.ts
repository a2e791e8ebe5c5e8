// What every case of the client contract plays on: a server that does as its URL says, and a client traced for it.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import http2, { type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import https from "node:https";
import type { Server, Socket } from "node:net";
import { FORMAT_HTTP_HEADERS, type Tracer as OpenTracingTracer, type Span } from "opentracing";
import { type HttpOptions, HttpTracing } from "../http/http-tracing.ts";
import { MemoryReporter } from "../report/memory-reporter.ts";
import { AsyncScopeManager } from "../scope/async-scope-manager.ts";
import { Tracer } from "../tracer/tracer.ts";
import type { ContractClient } from "./client-contract.ts";
import { listenOnFreshPort } from "./fresh-port.ts";

export interface Scene {
  readonly reporter: MemoryReporter;
  readonly tracer: Tracer;
  readonly tracing: HttpTracing;
  /** `http://127.0.0.1:1234`, or https. */
  readonly origin: string;
  /** The headers of each request that reached the server. */
  readonly received: IncomingMessage["headers"][];
  /** Runs `fn` in a span of this name and finishes it. */
  inSpan<T>(name: string, fn: (span: Span) => Promise<T>): Promise<T>;
}

/** Sets the scene, plays, and clears everything away. `tracer` is what the client is traced with, ours by default. */
export async function onScene(
  client: ContractClient,
  options: HttpOptions,
  play: (scene: Scene) => Promise<void>,
  tracer?: OpenTracingTracer,
): Promise<void> {
  const reporter = new MemoryReporter();
  const own = new Tracer({ reporter });
  const tracing = new HttpTracing(tracer ?? own, new AsyncScopeManager(), options);
  const received: IncomingMessage["headers"][] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    received.push(request.headers);
    answer(own, request, response, () => sockets.get(request.socket.remotePort)?.destroy());
  };
  const server = serverFor(client, listener);
  /** The bare connections, by the client's port: HTTP/2 has no response that closes one, and no `closeAllConnections`. */
  const sockets = new Map<number | undefined, Socket>();
  server.on("connection", (socket: Socket) => {
    const { remotePort } = socket;
    sockets.set(
      remotePort,
      socket.on("close", () => sockets.delete(remotePort)),
    );
  });
  const port = await listenOnFreshPort(server);
  const origin = `${client.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;

  const undo = client.trace(tracing);
  try {
    await play({
      reporter,
      tracer: own,
      tracing,
      origin,
      received,
      async inSpan(name, fn) {
        const span = own.startSpan(name);
        try {
          return await tracing.scope.run(span, fn, span);
        } finally {
          span.finish();
        }
      },
    });
  } finally {
    undo();
    for (const socket of sockets.values()) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function serverFor(
  { protocol, tls }: ContractClient,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  if (protocol !== "h2") return tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  // Node's compatibility API is close enough for what is asked of these two here.
  const compatible = listener as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  return tls === undefined ? http2.createServer(compatible) : http2.createSecureServer(tls, compatible);
}

/** A server span per request, and what the path asks for. */
function answer(tracer: Tracer, request: IncomingMessage, response: ServerResponse, disconnect: () => void): void {
  const [, what = "", argument = ""] = (request.url ?? "/").split("?")[0]!.split("/");
  const span = tracer.startSpan(request.url!.split("?")[0]!, {
    tags: { "span.kind": "server" },
    ...parentOf(tracer, request),
  });
  request.resume();
  switch (what) {
    case "status":
      response.writeHead(Number(argument)).end("answer");
      break;
    case "redirect":
      response
        .writeHead(302, { location: argument === "1" ? "/status/200?token=x" : `/redirect/${+argument - 1}` })
        .end();
      break;
    case "cut": // a part of the body, then the connection closes
      response.writeHead(200, { "content-length": "100" });
      response.write("a part", disconnect);
      break;
    case "half": // a part of the body, and nothing more
      response.writeHead(200, { "content-length": "100" }).write("a part");
      break;
    case "large":
      response.end(Buffer.alloc(4_000_000));
      break;
    case "reset":
      disconnect();
      break;
    case "late":
      setTimeout(() => response.end("answer"), Number(argument));
      break;
    default: // "hang": no answer
  }
  span.finish();
}

function parentOf(tracer: Tracer, request: IncomingMessage): object {
  const context = tracer.extract(FORMAT_HTTP_HEADERS, request.headers);
  return context === null ? {} : { childOf: context };
}
