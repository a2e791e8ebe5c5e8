// Our own service in a chain: a node:http server that speaks the hop protocol, and whose spans stay in memory.

import { once } from "node:events";
import http, { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { initClientTracing, type MemoryReporter, Tracing, traceServer } from "node-opentracing";
import type { Hop } from "./hop.js";
import { type OwnTracerOptions, ownTracer } from "./own-tracer.js";

/** A service of ours in a chain. */
export interface OwnService {
  readonly port: number;
  /** The spans so far; after `stop`, all that there will be. */
  readonly reporter: MemoryReporter;
  /** Waits for its open requests, and ends. */
  stop(): Promise<void>;
}

/** Starts one of our services. The client's tracing is the whole process's: one service at a time. */
export type StartOwnService = (options: OwnTracerOptions) => Promise<OwnService>;

/** Starts a server of `node:http`, whose calls are `http.get`. */
export const startOwnService: StartOwnService = async (options) => {
  const { tracer, reporter } = ownTracer(options);
  const tracing = new Tracing(tracer);
  const open = new Set<Promise<unknown>>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const span = tracing.getSpan(request)!;
    const { searchParams } = new URL(request.url!, "http://own.invalid");
    const item = searchParams.get("item");
    if (item !== null) span.setBaggageItem("item", item);
    const next = searchParams.get("next");
    let hop: Hop = { peer: "ours", span: tracer.seen(span), client: null, next: null };
    if (next !== null) {
      const call = http.get(next, { agent: false });
      const client = { spanId: tracer.last!.context().toSpanId() };
      const [called] = (await once(call, "response")) as [IncomingMessage];
      hop = { ...hop, client, next: (await json(called)) as Hop };
    }
    response.setHeader("content-type", "application/json").end(JSON.stringify(hop));
  }

  const server = createServer((request, response) => {
    const closed = once(response, "close").finally(() => open.delete(closed));
    open.add(closed);
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.stack));
  });
  traceServer(server, tracing);
  initClientTracing(tracing);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    reporter,
    async stop() {
      await Promise.all(open);
      server.close();
      server.closeAllConnections();
      await tracing.close();
    },
  };
};
