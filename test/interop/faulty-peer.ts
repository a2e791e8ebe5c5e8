// A peer of the interop run in this process, correct but for one fault.

import { once } from "node:events";
import http, { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { ALWAYS, NEVER, ParentBasedSampler, type PropagatorName } from "node-opentracing";
import { FORMAT_HTTP_HEADERS } from "opentracing";
import { untraced } from "#src/untraced.js";
import type { PeerProcess } from "../../interop/child.js";
import type { Hop } from "../../interop/hop.js";
import { OwnTracer } from "../../interop/own-tracer.js";
import type { PeerEnvironment } from "../../interop/peer-chain.js";

export type Fault =
  | "reads no headers"
  | "writes no headers"
  | "decides by itself"
  | "loses baggage"
  | "sends its server's span as the parent"
  | "answers 500"
  | "makes no call"
  | "never answers";

/** Starts it: our tracer, driven by hand, so that nothing of it is known to the patches. */
export async function startFaultyPeer({ FORMAT, SAMPLED }: PeerEnvironment, fault?: Fault): Promise<PeerProcess> {
  const root = SAMPLED === "1" ? ALWAYS : NEVER;
  const sampler = fault === "decides by itself" ? root : new ParentBasedSampler(root);
  const reporter = { report() {}, async flush() {}, async close() {} };
  const propagators = FORMAT === "tracecontext" ? (["tracecontext", "baggage"] as const) : [FORMAT as PropagatorName];
  const tracer = new OwnTracer({ reporter, sampler, propagators });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url!, "http://peer.invalid");
    if (fault === "answers 500") throw new Error("out of order");
    if (fault === "never answers") return;
    const parent = fault === "reads no headers" ? null : tracer.extract(FORMAT_HTTP_HEADERS, request.headers);
    if (fault === "loses baggage" && parent !== null) parent.baggage = undefined;
    const span = tracer.startSpan("GET", { childOf: parent ?? undefined });
    const item = searchParams.get("item");
    if (item !== null) span.setBaggageItem("item", item);
    const next = fault === "makes no call" ? null : searchParams.get("next");
    let hop: Hop = { peer: "faulty", span: tracer.seen(span), client: null, next: null };
    if (next !== null) {
      const client = tracer.startSpan("GET", { childOf: span });
      const headers = {};
      const sent = fault === "sends its server's span as the parent" ? span : client;
      if (fault !== "writes no headers") tracer.inject(sent, FORMAT_HTTP_HEADERS, headers);
      const call = untraced(() => http.get(next, { agent: false, headers }));
      const [called] = (await once(call, "response")) as [IncomingMessage];
      hop = { ...hop, client: { spanId: client.context().toSpanId() }, next: (await json(called)) as Hop };
    }
    response.end(JSON.stringify(hop));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    version: "faulty 1",
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
